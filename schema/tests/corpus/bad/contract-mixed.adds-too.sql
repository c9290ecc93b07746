-- contract: since 0003
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users DROP COLUMN age;
ALTER TABLE users ADD COLUMN birthday date;
-- found in line 6
