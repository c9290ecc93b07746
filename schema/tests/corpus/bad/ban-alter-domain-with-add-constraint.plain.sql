SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER DOMAIN email_address ADD CONSTRAINT has_at CHECK (value LIKE '%@%');
-- found in line 4
