-- contract: since 0004
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DROP MATERIALIZED VIEW order_totals;
DROP TABLE orders;
