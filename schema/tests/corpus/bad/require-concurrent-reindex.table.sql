SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

REINDEX TABLE orders;
-- found in line 4
