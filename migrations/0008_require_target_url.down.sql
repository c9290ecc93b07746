SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '10min';

ALTER TABLE links ADD CONSTRAINT links_target_url_present CHECK (target_url IS NOT NULL);
ALTER TABLE links ALTER COLUMN target_url DROP NOT NULL;
