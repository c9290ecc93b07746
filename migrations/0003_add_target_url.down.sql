-- A row that a later release wrote has its target in the new column alone.
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '10min';

UPDATE links SET url = target_url WHERE url IS NULL;
ALTER TABLE links ALTER COLUMN url SET NOT NULL;
ALTER TABLE links DROP COLUMN target_url;
