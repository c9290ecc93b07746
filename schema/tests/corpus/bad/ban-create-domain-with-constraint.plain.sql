SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE DOMAIN email_address AS text CHECK (value LIKE '%@%');
-- found in line 4
