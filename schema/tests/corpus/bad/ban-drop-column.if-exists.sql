SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users DROP COLUMN IF EXISTS age CASCADE;
-- found in line 4
