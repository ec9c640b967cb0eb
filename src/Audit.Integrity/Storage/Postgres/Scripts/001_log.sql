-- The log that is derived from the journal; what each table is for stands in the script of SQLite.

CREATE TABLE audit_log.log (
    number          INT NOT NULL PRIMARY KEY,
    origin          TEXT NOT NULL UNIQUE,
    verifier_key    TEXT NOT NULL,
    started_at      BIGINT NOT NULL,
    restart         TEXT NULL,
    halted_reason   TEXT NULL,
    halted_position BIGINT NULL,
    halted_at       BIGINT NULL
);

CREATE TABLE audit_log.tile (
    log    INT NOT NULL,
    level  INT NOT NULL,
    number BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (log, level, number)
);

-- Nobody can compress hashes, so nobody shall try.
ALTER TABLE audit_log.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE TABLE audit_log.bundle (
    log            INT NOT NULL,
    number         BIGINT NOT NULL,
    first_position BIGINT NOT NULL,
    PRIMARY KEY (log, number)
);

CREATE UNIQUE INDEX bundle_position ON audit_log.bundle (log, first_position);

CREATE TABLE audit_log.checkpoint (
    log           INT NOT NULL,
    size          BIGINT NOT NULL,
    last_position BIGINT NOT NULL,
    note          TEXT NOT NULL,
    signed_at     BIGINT NOT NULL,
    PRIMARY KEY (log, size)
);

CREATE TABLE audit_log.unproven (
    log      INT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (log, position)
);

CREATE TABLE audit_log.vouch (
    challenge TEXT NOT NULL PRIMARY KEY,
    log       INT NOT NULL,
    answer    TEXT NULL
);

CREATE TABLE audit_log.cosignature (
    log     INT NOT NULL,
    size    BIGINT NOT NULL,
    witness TEXT NOT NULL,
    line    TEXT NOT NULL,
    PRIMARY KEY (log, size, witness)
);
