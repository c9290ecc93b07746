SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER VIEW active_users RENAME TO live_users;
-- found in line 4
