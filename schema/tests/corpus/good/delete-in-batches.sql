-- no-transaction
DO $$
DECLARE
    gone bigint;
BEGIN
    PERFORM set_config('lock_timeout', '2s', false);
    LOOP
        DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE state = 'void' ORDER BY id LIMIT 1000);
        GET DIAGNOSTICS gone = ROW_COUNT;
        COMMIT;
        EXIT WHEN gone = 0;
    END LOOP;
END
$$;
