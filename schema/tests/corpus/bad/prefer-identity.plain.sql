SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE notes (
    id bigserial PRIMARY KEY,
    body text NOT NULL
);
-- found in line 5
