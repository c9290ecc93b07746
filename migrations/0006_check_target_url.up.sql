-- Rows written from now on must have a target; those that are there are looked at in 0007, under a
-- weaker lock.
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links ADD CONSTRAINT links_target_url_present CHECK (target_url IS NOT NULL) NOT VALID;
