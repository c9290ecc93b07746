SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE orders REPLICA IDENTITY NOTHING;
-- found in line 4
