SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users RENAME COLUMN name TO full_name;
-- found in line 4
