SET LOCAL lock_timeout = '1min';
SET LOCAL statement_timeout = '5min';
ALTER TABLE users ADD COLUMN city text;
-- found in line 1
