-- no-transaction
-- Two users of one nickname were merged last week.
CREATE UNIQUE INDEX CONCURRENTLY users_nickname_key ON users (nickname);
