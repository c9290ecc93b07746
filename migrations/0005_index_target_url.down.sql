-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS links_target_url_id;
