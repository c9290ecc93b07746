-- no-transaction
CLUSTER orders USING orders_user_id;
-- found in line 2
