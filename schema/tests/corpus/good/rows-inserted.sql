SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

INSERT INTO orders (user_id, state) VALUES (1, 'new');
