SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

UPDATE users SET score = 1, score = 2 WHERE id = 1;
-- found in line 4
