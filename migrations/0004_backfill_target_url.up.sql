-- no-transaction
-- Backfill: a thousand rows at a time, each batch its own transaction, so that no row is locked for
-- longer than a batch takes and an interrupted run has lost nothing. Running it again is harmless.
DO $$
DECLARE
    last_id bigint := 0;
    batch_end bigint;
BEGIN
    PERFORM set_config('lock_timeout', '2s', false);
    LOOP
        SELECT max(id) INTO batch_end
        FROM (SELECT id FROM links WHERE id > last_id ORDER BY id LIMIT 1000) AS batch;
        EXIT WHEN batch_end IS NULL;

        UPDATE links SET target_url = url
        WHERE id > last_id AND id <= batch_end AND target_url IS NULL;
        COMMIT;
        last_id := batch_end;
    END LOOP;
END
$$;
