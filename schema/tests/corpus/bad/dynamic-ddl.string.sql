SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DO $$ BEGIN
    EXECUTE 'ALTER TABLE users DROP COLUMN age';
END $$;
-- found in line 5
