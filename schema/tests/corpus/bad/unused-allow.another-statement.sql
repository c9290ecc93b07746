SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

-- allow unbounded-update: the table has forty rows and nobody writes it
ALTER TABLE users ADD COLUMN city text;
-- found in line 4
