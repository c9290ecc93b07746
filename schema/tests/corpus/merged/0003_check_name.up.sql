SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users ADD CONSTRAINT users_name_present CHECK (name IS NOT NULL) NOT VALID;
ALTER TABLE users ADD CONSTRAINT users_nickname_present CHECK (nickname IS NOT NULL) NOT VALID;
