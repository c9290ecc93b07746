SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DO $$ BEGIN
    ALTER TABLE users ALTER COLUMN score SET NOT NULL;
END $$;
-- found in line 5
