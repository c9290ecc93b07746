SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TYPE mood ADD VALUE 'excited' AFTER 'happy';
