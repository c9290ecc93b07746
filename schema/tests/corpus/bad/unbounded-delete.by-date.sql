SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DELETE FROM orders WHERE placed_at < now() - interval '1 year';
-- found in line 4
