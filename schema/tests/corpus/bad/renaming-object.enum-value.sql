SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
-- found in line 4
