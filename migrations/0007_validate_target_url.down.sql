-- Back to a check that is not validated.
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links DROP CONSTRAINT links_target_url_present;
ALTER TABLE links ADD CONSTRAINT links_target_url_present CHECK (target_url IS NOT NULL) NOT VALID;
