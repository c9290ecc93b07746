SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

TRUNCATE TABLE users CASCADE;
-- found in line 4
