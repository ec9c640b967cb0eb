-- The log that is derived from the journal. What is said of each table holds for PostgreSQL too.

-- One row for each log of this store; the last one is the one that grows. `previous` is the last signed checkpoint of the
-- log before, and `reason` why that one was ended. A halted log is never signed again.
CREATE TABLE log (
    number          INTEGER NOT NULL PRIMARY KEY,
    origin          TEXT NOT NULL UNIQUE,
    verifier_key    TEXT NOT NULL,
    started_at      INTEGER NOT NULL,
    reason          TEXT NULL,
    previous        TEXT NULL,
    halted_reason   TEXT NULL,
    halted_position INTEGER NULL,
    halted_at       INTEGER NULL
);

-- The last tile of each level grows in place: the partial tile of any size is a prefix of it.
CREATE TABLE tile (
    log    INTEGER NOT NULL,
    level  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (log, level, number)
);

-- Positions have gaps, so the rank of a row is counted from the first row of its bundle of 256.
CREATE TABLE bundle (
    log            INTEGER NOT NULL,
    number         INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    PRIMARY KEY (log, number)
) WITHOUT ROWID;

CREATE UNIQUE INDEX bundle_position ON bundle (log, first_position);

-- The newest one, and of the older ones the last of every 256 entries: they tell later when something was changed.
CREATE TABLE checkpoint (
    log           INTEGER NOT NULL,
    size          INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    note          TEXT NOT NULL,
    signed_at     INTEGER NOT NULL,
    PRIMARY KEY (log, size)
) WITHOUT ROWID;
