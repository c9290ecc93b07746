SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DROP VIEW active_users;
-- found in line 4
