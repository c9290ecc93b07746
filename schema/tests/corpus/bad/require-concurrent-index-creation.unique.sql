SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE UNIQUE INDEX users_name_key ON users (lower(name));
-- found in line 4
