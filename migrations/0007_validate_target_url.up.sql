-- Reads every row, while others read and write.
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '10min';

ALTER TABLE links VALIDATE CONSTRAINT links_target_url_present;
