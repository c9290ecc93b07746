SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text
);
ALTER TABLE notes ADD CONSTRAINT notes_body_unique UNIQUE (body);
ALTER TABLE notes ALTER COLUMN body SET NOT NULL;
