SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

DROP SEQUENCE invoice_number;
-- found in line 4
