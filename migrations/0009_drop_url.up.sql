-- contract: since 0008
-- No release that needs schema 0008 reads or writes `url`. Apply it when no older one is left, neither
-- serving nor wanted for a rollback.
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links DROP COLUMN url;
