SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

REFRESH MATERIALIZED VIEW order_totals;
-- found in line 4
