SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

UPDATE users SET score = 0 WHERE id > 1000;
-- found in line 4
