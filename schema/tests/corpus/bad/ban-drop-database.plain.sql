-- no-transaction
DROP DATABASE reporting;
-- found in line 2
