SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users DROP CONSTRAINT users_name_present;
ALTER TABLE users DROP CONSTRAINT users_nickname_present;
