-- contract: since 0003
-- Nothing reads or writes it since the release with schema 0003.
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users DROP COLUMN age;
