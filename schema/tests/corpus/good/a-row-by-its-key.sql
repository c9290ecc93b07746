SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

UPDATE users SET status = 'admin' WHERE id = 1;
