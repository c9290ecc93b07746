SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE orders ADD COLUMN coupon_id bigint REFERENCES users (id);
-- found in line 4
