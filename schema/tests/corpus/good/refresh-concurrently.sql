SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

REFRESH MATERIALIZED VIEW CONCURRENTLY order_totals;
