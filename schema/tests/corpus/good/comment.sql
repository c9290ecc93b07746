SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

COMMENT ON TABLE users IS 'who may log in';
