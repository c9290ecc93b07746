SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_settings WHERE name = 'app.office') THEN
        -- allow unbounded-update: the table has forty rows, and only people in the office write it
        UPDATE users SET score = 0;
    END IF;
END
$$;
