-- contract: since 0099
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users DROP COLUMN age;
-- found in line 1
