SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE events_2026 ADD PRIMARY KEY (id);
-- found in line 4
