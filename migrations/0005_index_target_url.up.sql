-- no-transaction
CREATE INDEX CONCURRENTLY links_target_url_id ON links (target_url, id);
