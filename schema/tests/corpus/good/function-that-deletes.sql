SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE FUNCTION forget(who bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM orders WHERE user_id = who;
    DROP TABLE IF EXISTS scratch;
END
$$;
