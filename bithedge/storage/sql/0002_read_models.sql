-- Read models: what projections make of the journal. They can be dropped and built again (replay).

CREATE TABLE event_channels (
    channel TEXT NOT NULL,
    seq INTEGER NOT NULL,
    previous INTEGER NOT NULL, -- the channel's event before it, 0 for none
    PRIMARY KEY (channel, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE policies (
    quote_id TEXT PRIMARY KEY,
    policy_id INTEGER, -- after a reorg it may name another policy
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    tier TEXT NOT NULL,
    status TEXT NOT NULL,
    strike INTEGER NOT NULL CHECK (strike >= 0),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    max_payout INTEGER NOT NULL CHECK (max_payout >= 0),
    expiry INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    first_seen INTEGER, -- the event that made it public; null: known by its quote id alone
    first_seen_ms INTEGER,
    updated_seq INTEGER NOT NULL,
    version INTEGER NOT NULL,
    state BLOB NOT NULL -- the head: the whole policy, msgpack
) STRICT, WITHOUT ROWID;

CREATE INDEX policies_by_number ON policies (policy_id);
CREATE INDEX policies_by_sight ON policies (first_seen);
CREATE INDEX policies_by_owner ON policies (owner, first_seen);
CREATE INDEX policies_by_status ON policies (status, first_seen);
CREATE INDEX policies_by_change ON policies (updated_seq)
WHERE first_seen IS NOT NULL;

CREATE TABLE quotes (
    quote_id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    tier TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('reserved', 'sold', 'lapsed')),
    max_payout INTEGER NOT NULL CHECK (max_payout >= 0),
    valid_until INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    issued TEXT NOT NULL -- QuoteIssued, JSON
) STRICT, WITHOUT ROWID;

CREATE INDEX quotes_by_status ON quotes (status, seq);

CREATE TABLE provider_accounts (
    address TEXT NOT NULL,
    tier TEXT NOT NULL,
    bucket TEXT NOT NULL,
    -- May be negative for as long as a decision stands whose deposit a reorg has taken away.
    balance INTEGER NOT NULL,
    PRIMARY KEY (address, tier, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE provider_exits (
    address TEXT NOT NULL,
    tier TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    height INTEGER NOT NULL,
    PRIMARY KEY (address, tier)
) STRICT, WITHOUT ROWID;

CREATE TABLE provider_ledger (
    address TEXT NOT NULL,
    seq INTEGER NOT NULL,
    line INTEGER NOT NULL, -- of the event's postings
    tier TEXT NOT NULL,
    bucket TEXT NOT NULL,
    change INTEGER NOT NULL,
    balance INTEGER NOT NULL, -- of the bucket, after it
    cause TEXT NOT NULL,
    quote_id TEXT,
    policy_id INTEGER,
    txid TEXT,
    at_ms INTEGER NOT NULL,
    undone INTEGER NOT NULL CHECK (undone IN (0, 1)),
    PRIMARY KEY (address, seq, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_backing (
    quote_id TEXT NOT NULL,
    address TEXT NOT NULL,
    policy_id INTEGER NOT NULL,
    tier TEXT NOT NULL,
    share INTEGER NOT NULL CHECK (share >= 0),
    premium INTEGER NOT NULL CHECK (premium >= 0),
    earned INTEGER NOT NULL CHECK (earned >= 0),
    loss INTEGER NOT NULL CHECK (loss >= 0),
    released INTEGER NOT NULL CHECK (released IN (0, 1)),
    seq INTEGER NOT NULL,
    PRIMARY KEY (quote_id, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX policy_backing_by_provider ON policy_backing (address, released, seq);

CREATE TABLE transactions (
    txid TEXT PRIMARY KEY,
    stream TEXT NOT NULL,
    address TEXT NOT NULL,
    nonce INTEGER NOT NULL CHECK (nonce >= 0),
    fee INTEGER NOT NULL CHECK (fee >= 0),
    contract_id TEXT,
    function TEXT,
    kind TEXT,
    status TEXT NOT NULL
    CHECK (status IN ('pending', 'confirmed', 'final', 'aborted', 'dropped', 'replaced')),
    reason TEXT,
    block_height INTEGER,
    burn_height INTEGER,
    operation_id TEXT,
    quote_ids TEXT NOT NULL, -- JSON
    policy_ids TEXT NOT NULL, -- JSON
    withdrawal_id TEXT,
    replaced_by TEXT,
    first_seen INTEGER NOT NULL,
    seen_at_ms INTEGER NOT NULL,
    sent_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX transactions_by_sight ON transactions (first_seen);
CREATE INDEX transactions_by_address ON transactions (address, first_seen);
CREATE INDEX transactions_by_nonce ON transactions (address, nonce, first_seen);
CREATE INDEX transactions_open ON transactions (address, nonce)
WHERE status IN ('pending', 'confirmed', 'dropped');
CREATE INDEX transactions_by_status ON transactions (status, first_seen);
CREATE INDEX transactions_by_stream ON transactions (stream);
CREATE INDEX transactions_by_operation ON transactions (operation_id, first_seen)
WHERE operation_id IS NOT NULL;

CREATE TABLE operations (
    operation_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL
    CHECK (status IN ('queued', 'sent', 'confirmed', 'final', 'aborted', 'cancelled')),
    policy_ids TEXT NOT NULL, -- JSON
    reason TEXT,
    useless_after INTEGER,
    created_seq INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX operations_by_status ON operations (status, created_seq);

CREATE TABLE withdrawals (
    withdrawal_id TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    tier TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    status TEXT NOT NULL
    CHECK (status IN ('pending_signature', 'pending_confirmation', 'withdrawn', 'lapsed')),
    valid_until INTEGER,
    voucher_signatures TEXT NOT NULL, -- JSON
    txid TEXT,
    first_seen INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    updated_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX withdrawals_by_provider ON withdrawals (address, first_seen);
CREATE INDEX withdrawals_by_status ON withdrawals (status, first_seen);

CREATE TABLE blocks (
    hash TEXT PRIMARY KEY,
    parent_hash TEXT NOT NULL,
    block_height INTEGER NOT NULL,
    burn_height INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    transactions INTEGER NOT NULL,
    orphaned INTEGER NOT NULL CHECK (orphaned IN (0, 1)),
    reverted_events INTEGER NOT NULL CHECK (reverted_events >= 0),
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX blocks_by_sight ON blocks (seq);
CREATE INDEX blocks_by_height ON blocks (block_height)
WHERE orphaned = 0;
CREATE INDEX blocks_by_burn_height ON blocks (burn_height, block_height)
WHERE orphaned = 0;

CREATE TABLE tier_metrics (
    day INTEGER NOT NULL, -- burn height // 144
    tier TEXT NOT NULL,
    premiums INTEGER NOT NULL CHECK (premiums >= 0),
    payouts INTEGER NOT NULL CHECK (payouts >= 0),
    deposited INTEGER NOT NULL CHECK (deposited >= 0),
    withdrawn INTEGER NOT NULL CHECK (withdrawn >= 0),
    PRIMARY KEY (day, tier)
) STRICT, WITHOUT ROWID;

CREATE TABLE pool_metrics (
    day INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL, -- of the day's last fact
    available INTEGER NOT NULL CHECK (available >= 0), -- the contract's totals then
    locked INTEGER NOT NULL CHECK (locked >= 0),
    buffer INTEGER NOT NULL CHECK (buffer >= 0),
    deposited INTEGER NOT NULL CHECK (deposited >= 0),
    withdrawn INTEGER NOT NULL CHECK (withdrawn >= 0),
    premiums INTEGER NOT NULL CHECK (premiums >= 0),
    payouts INTEGER NOT NULL CHECK (payouts >= 0),
    escaped INTEGER NOT NULL CHECK (escaped >= 0)
) STRICT;

CREATE TABLE alerts (
    code TEXT PRIMARY KEY,
    severity TEXT NOT NULL,
    message TEXT NOT NULL,
    public INTEGER NOT NULL CHECK (public IN (0, 1)),
    seq INTEGER NOT NULL,
    since_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
