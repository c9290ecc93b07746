SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DO $$ BEGIN
    UPDATE users SET score = 0 WHERE score IS NULL;
END $$;
-- found in line 5
