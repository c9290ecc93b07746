-- contract: since 0004
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users ALTER COLUMN status DROP DEFAULT;
DROP VIEW active_users;
