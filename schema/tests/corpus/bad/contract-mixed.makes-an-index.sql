-- contract: since 0003
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users DROP COLUMN age;
CREATE TABLE ages (user_id bigint PRIMARY KEY, age bigint);
-- found in line 6
