SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DROP EXTENSION pgcrypto;
-- found in line 4
