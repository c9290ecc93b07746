SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

UPDATE orders SET state = 'old' FROM users WHERE orders.user_id = users.id;
-- found in line 4
