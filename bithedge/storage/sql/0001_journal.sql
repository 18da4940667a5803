-- The daemon's truth: what happened, what it wants on chain, what it signed and answered.
-- Nothing here can be derived from anything else.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    name TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    payload TEXT NOT NULL,
    block_height INTEGER,
    block_hash TEXT,
    burn_height INTEGER,
    txid TEXT,
    at_ms INTEGER NOT NULL,
    correlation_id TEXT NOT NULL,
    undone_by INTEGER REFERENCES events (seq), -- the ChainReorganised that dropped its block
    checksum INTEGER NOT NULL, -- crc32, chained with the row before
    UNIQUE (stream, version)
) STRICT;

CREATE INDEX events_by_block ON events (block_height)
WHERE block_height IS NOT NULL AND undone_by IS NULL;

CREATE INDEX events_by_name ON events (name, seq);

CREATE TABLE intents (
    operation_id TEXT PRIMARY KEY,
    intent_key TEXT NOT NULL UNIQUE,
    seq INTEGER NOT NULL, -- it stands before this event
    payload TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX intents_by_seq ON intents (seq);

CREATE TABLE attempts (
    txid TEXT PRIMARY KEY,
    raw BLOB NOT NULL,
    address TEXT NOT NULL,
    nonce INTEGER NOT NULL CHECK (nonce >= 0),
    fee INTEGER NOT NULL CHECK (fee >= 0),
    operation_id TEXT,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attestations (
    question TEXT PRIMARY KEY,
    price INTEGER NOT NULL CHECK (price >= 0),
    height INTEGER NOT NULL,
    public_key TEXT NOT NULL,
    signature TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX attestations_by_height ON attestations (height);

CREATE TABLE answers (
    scope TEXT PRIMARY KEY,
    body_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_by_time ON answers (at_ms);

CREATE TABLE used_messages (
    message_id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX used_messages_by_time ON used_messages (at_ms);

CREATE TABLE oracle_candles (
    bar TEXT NOT NULL, -- 1m, 5m, 1h, 1d
    at_ms INTEGER NOT NULL,
    opening INTEGER NOT NULL CHECK (opening >= 0),
    high INTEGER NOT NULL CHECK (high >= 0),
    low INTEGER NOT NULL CHECK (low >= 0),
    closing INTEGER NOT NULL CHECK (closing >= 0),
    PRIMARY KEY (bar, at_ms)
) STRICT, WITHOUT ROWID;
