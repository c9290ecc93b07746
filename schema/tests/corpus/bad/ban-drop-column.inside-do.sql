SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DO $body$
BEGIN
    ALTER TABLE users DROP COLUMN age;
END
$body$;
-- found in line 6
