SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE DOMAIN handle AS text CHECK (value LIKE '@%');
-- found in line 4
