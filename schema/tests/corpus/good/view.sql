SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE VIEW new_users AS SELECT id, email FROM users WHERE status = 'new';
