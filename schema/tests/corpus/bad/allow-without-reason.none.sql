SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

-- allow ban-drop-column
ALTER TABLE users ADD COLUMN city text;
-- found in line 4
