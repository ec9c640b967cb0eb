CREATE TABLE version (version INTEGER NOT NULL);

CREATE TABLE offsets (
    name      TEXT NOT NULL PRIMARY KEY,
    position  INTEGER NOT NULL,
    digest    TEXT NOT NULL,
    halted_at INTEGER NULL,
    sentence  TEXT NULL
) WITHOUT ROWID;

INSERT INTO offsets (name, position, digest) VALUES ('models', 0, '');

-- What an operator had passed over; it outlives every rebuild.
CREATE TABLE skipped (
    position INTEGER NOT NULL PRIMARY KEY,
    reason   TEXT NOT NULL
);

-- Ids of rows are positions of first events: whoever rebuilds comes to the same ones.
CREATE TABLE sessions (
    id         INTEGER NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL UNIQUE,
    doc        TEXT NOT NULL
);

CREATE TABLE calls (
    id        INTEGER NOT NULL PRIMARY KEY,
    session   INTEGER NOT NULL,
    call_id   TEXT NOT NULL,
    task_id   TEXT NULL,
    judgement INTEGER NOT NULL,
    doc       TEXT NOT NULL
);

CREATE UNIQUE INDEX calls_by_name ON calls (session, call_id);

-- An index ends with the row's id, so this one is in the order of pages.
CREATE INDEX calls_of_session ON calls (session);

CREATE INDEX calls_of_task ON calls (task_id, judgement) WHERE task_id IS NOT NULL;

CREATE TABLE transitions (
    call     INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    position INTEGER NOT NULL,
    task_id  TEXT NULL,
    agent    TEXT NULL,
    at       INTEGER NOT NULL,
    doc      TEXT NOT NULL,
    PRIMARY KEY (call, sequence)
) WITHOUT ROWID;

CREATE INDEX transitions_of_task ON transitions (task_id, agent, at, position) WHERE task_id IS NOT NULL;

-- Calls whose messages name more than one task, under each of them.
CREATE TABLE named (
    task_id TEXT NOT NULL,
    call    INTEGER NOT NULL,
    PRIMARY KEY (task_id, call)
) WITHOUT ROWID;

CREATE TABLE tasks (
    id      INTEGER NOT NULL PRIMARY KEY,
    task_id TEXT NOT NULL UNIQUE,
    doc     TEXT NOT NULL
);

CREATE TABLE windows (
    id        INTEGER NOT NULL PRIMARY KEY,
    window_id TEXT NOT NULL UNIQUE,
    task_id   TEXT NULL,
    agent     TEXT NULL,
    opens_at  INTEGER NULL,
    until     INTEGER NULL,
    doc       TEXT NOT NULL
);

CREATE INDEX windows_of_task ON windows (task_id);

CREATE INDEX windows_of_agent ON windows (agent);

CREATE INDEX windows_by_end ON windows (until);

CREATE TABLE violations (
    position INTEGER NOT NULL PRIMARY KEY,
    lifted   INTEGER NOT NULL,
    doc      TEXT NOT NULL
);

CREATE TABLE moments (
    second   INTEGER NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL
);
