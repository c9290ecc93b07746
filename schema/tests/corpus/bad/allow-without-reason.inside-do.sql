SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DO $$
BEGIN
    -- allow unbounded-update
    UPDATE users SET score = 0 WHERE id = 1;
END
$$;
-- found in line 6
