SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

-- allow require-lock-timeout: nobody ever uses this table at night
ALTER TABLE users ADD COLUMN city text;
-- found in line 4
