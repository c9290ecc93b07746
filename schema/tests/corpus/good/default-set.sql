SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users ALTER COLUMN score SET DEFAULT 0;
