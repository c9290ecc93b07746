SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DO $$
DECLARE
    done bigint := 0;
BEGIN
    WHILE done < 1000000 LOOP
        UPDATE users SET score = 0 WHERE id > done AND id <= done + 1000;
        done := done + 1000;
    END LOOP;
END
$$;
-- found in line 9
