SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

LOCK TABLE users IN ACCESS EXCLUSIVE MODE;
-- found in line 4
