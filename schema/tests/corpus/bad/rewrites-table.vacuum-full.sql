-- no-transaction
VACUUM FULL orders;
-- found in line 2
