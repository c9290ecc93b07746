SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DROP SCHEMA reporting;
-- found in line 4
