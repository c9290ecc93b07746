SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE clicks (
    link_id bigint NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    day date NOT NULL,
    clicks bigint NOT NULL,
    PRIMARY KEY (link_id, day)
);

-- The last batch that each counting process has written.
-- It turns a batch that is sent again, because its answer was lost, into one that does nothing.
CREATE TABLE click_batches (
    counter text PRIMARY KEY,
    sequence bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);
