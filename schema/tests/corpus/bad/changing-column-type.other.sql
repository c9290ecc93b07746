SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE orders ALTER COLUMN state TYPE mood USING state::mood;
-- found in line 4
