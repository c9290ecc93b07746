SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
-- found in line 4
