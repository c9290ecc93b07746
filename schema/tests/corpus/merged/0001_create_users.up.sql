SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    name text,
    nickname text,
    status text NOT NULL DEFAULT 'new',
    age bigint,
    score bigint,
    initial text GENERATED ALWAYS AS (left(email, 1)) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_unique UNIQUE (email)
);
CREATE UNIQUE INDEX users_nickname_key ON users (nickname);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL,
    state text NOT NULL,
    total bigint,
    placed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT orders_total_positive CHECK (total > 0)
);
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE VIEW active_users AS SELECT id, email FROM users WHERE status = 'active';
CREATE MATERIALIZED VIEW order_totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;
CREATE UNIQUE INDEX order_totals_user_id ON order_totals (user_id);
CREATE TABLE events (id bigint NOT NULL, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_2027 (id bigint NOT NULL, day date NOT NULL);
CREATE SCHEMA reporting;
CREATE SCHEMA archive;
CREATE SEQUENCE invoice_number;
CREATE DOMAIN email_address AS text;
CREATE FUNCTION slugify(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(value) $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER users_touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE POLICY own_rows ON users USING (email = current_user);
