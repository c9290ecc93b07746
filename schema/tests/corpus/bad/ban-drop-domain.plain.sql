SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DROP DOMAIN email_address;
-- found in line 4
