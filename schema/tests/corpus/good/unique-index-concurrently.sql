-- no-transaction
-- Two users of one name were merged last week.
CREATE UNIQUE INDEX CONCURRENTLY users_name_key ON users (lower(name));
