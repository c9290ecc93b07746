SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = 0;
ALTER TABLE users ADD COLUMN city text;
-- found in line 2
