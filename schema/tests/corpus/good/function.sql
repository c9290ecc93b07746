SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE FUNCTION shorten(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT left(value, 9) $$;
