SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users ADD CONSTRAINT users_nickname_unique UNIQUE (nickname);
-- found in line 4
