SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users DISABLE TRIGGER users_touched;
-- found in line 4
