SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DROP INDEX CONCURRENTLY orders_user_id;
-- found in line 4
