SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE states (name text PRIMARY KEY, rank bigint);
INSERT INTO states (name) VALUES ('new'), ('paid');
UPDATE states SET rank = 1;
