-- no-transaction
DO $$
DECLARE
    last_id bigint := 0;
    batch_end bigint;
BEGIN
    PERFORM set_config('lock_timeout', '2s', false);
    LOOP
        SELECT max(id) INTO batch_end FROM (SELECT id FROM users WHERE id > last_id ORDER BY id LIMIT 1000) AS batch;
        EXIT WHEN batch_end IS NULL;
        UPDATE users SET score = 0 WHERE id > last_id AND id <= batch_end AND score IS NULL;
        COMMIT;
        last_id := batch_end;
    END LOOP;
END
$$;
