SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DO $$
BEGIN
    FOR i IN 1..3 LOOP
        DROP TABLE IF EXISTS orders;
    END LOOP;
END
$$;
-- found in line 7
