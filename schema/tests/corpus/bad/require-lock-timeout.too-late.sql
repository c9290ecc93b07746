SET LOCAL statement_timeout = '30s';
ALTER TABLE users ADD COLUMN city text;
SET LOCAL lock_timeout = '2s';
-- found in line 2
