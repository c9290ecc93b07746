SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE EXTENSION IF NOT EXISTS pg_trgm;
