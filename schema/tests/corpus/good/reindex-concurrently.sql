-- no-transaction
REINDEX INDEX CONCURRENTLY orders_user_id;
