-- The validated check spares SET NOT NULL its scan of the table, so that this exclusive lock is short.
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links ALTER COLUMN target_url SET NOT NULL;
ALTER TABLE links DROP CONSTRAINT links_target_url_present;
