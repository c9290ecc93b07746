SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'users_status') THEN
        CREATE INDEX users_status ON users (status);
    END IF;
END
$$;
-- found in line 7
