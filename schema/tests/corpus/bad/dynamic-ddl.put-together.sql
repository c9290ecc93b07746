SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DO $$
DECLARE
    command text := 'drop table users';
BEGIN
    EXECUTE command;
END $$;
-- found in line 8
