SET LOCAL statement_timeout = '30s';
ALTER TABLE users ADD COLUMN city text;
-- found in line 2
