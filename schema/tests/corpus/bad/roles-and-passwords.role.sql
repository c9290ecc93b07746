SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE ROLE reporting LOGIN;
-- found in line 4
