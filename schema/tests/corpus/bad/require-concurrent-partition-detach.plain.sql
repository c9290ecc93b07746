SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE events DETACH PARTITION events_2026;
-- found in line 4
