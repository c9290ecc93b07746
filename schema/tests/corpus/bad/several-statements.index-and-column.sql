-- no-transaction
CREATE INDEX CONCURRENTLY users_status ON users (status);
CREATE INDEX CONCURRENTLY users_age ON users (age);
-- found in line 3
