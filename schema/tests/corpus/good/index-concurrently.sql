-- no-transaction
CREATE INDEX CONCURRENTLY users_status ON users (status);
