-- The log that is derived from the journal. What stands here of each table holds for PostgreSQL too.

-- One row for each log of this store; the last one is the one that grows. `restart` is the signed note that says of which
-- log it took the place, why, by whom, and what was found of that one then. A halted log is signed again when its rows
-- are what was sealed.
CREATE TABLE log (
    number          INTEGER NOT NULL PRIMARY KEY,
    origin          TEXT NOT NULL UNIQUE,
    verifier_key    TEXT NOT NULL,
    started_at      INTEGER NOT NULL,
    restart         TEXT NULL,
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

-- The newest one, and of the older ones the last of every 256 entries: they show later when something was changed.
CREATE TABLE checkpoint (
    log           INTEGER NOT NULL,
    size          INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    note          TEXT NOT NULL,
    signed_at     INTEGER NOT NULL,
    PRIMARY KEY (log, size)
) WITHOUT ROWID;

-- Rows that were sealed though no node of the store can have written them.
CREATE TABLE unproven (
    log      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (log, position)
) WITHOUT ROWID;

-- Questions of nodes that remember nothing of the log, and what the node that seals answered.
CREATE TABLE vouch (
    challenge TEXT NOT NULL PRIMARY KEY,
    log       INTEGER NOT NULL,
    answer    TEXT NULL
);

-- What witnesses signed of a checkpoint: the line of the note.
CREATE TABLE cosignature (
    log     INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    witness TEXT NOT NULL,
    line    TEXT NOT NULL,
    PRIMARY KEY (log, size, witness)
) WITHOUT ROWID;
