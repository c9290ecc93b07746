SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

REVOKE INSERT ON orders FROM app;
-- found in line 4
