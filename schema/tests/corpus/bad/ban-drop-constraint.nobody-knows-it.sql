SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users DROP CONSTRAINT made_by_hand;
-- found in line 4
