SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

COMMENT ON COLUMN users.status IS 'DROP TABLE users; DELETE FROM users';
