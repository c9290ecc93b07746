SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users ADD CONSTRAINT users_age_sane CHECK (age < 200) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_age_sane;
-- found in line 5
