CREATE TABLE version (version BIGINT NOT NULL);

CREATE TABLE offsets (
    name      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    position  BIGINT NOT NULL,
    digest    TEXT NOT NULL,
    halted_at BIGINT NULL,
    sentence  TEXT NULL
);

INSERT INTO offsets (name, position, digest) VALUES ('models', 0, '');

-- What an operator had passed over; it outlives every rebuild.
CREATE TABLE skipped (
    position BIGINT NOT NULL PRIMARY KEY,
    reason   TEXT NOT NULL
);

-- Ids of rows are positions of first events: whoever rebuilds comes to the same ones. Rows that grow leave room beside
-- them, so that an update stays in its page and touches no index.
CREATE TABLE sessions (
    id         BIGINT NOT NULL PRIMARY KEY,
    session_id TEXT COLLATE "C" NOT NULL UNIQUE,
    doc        TEXT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE calls (
    id        BIGINT NOT NULL PRIMARY KEY,
    session   BIGINT NOT NULL,
    call_id   TEXT COLLATE "C" NOT NULL,
    task_id   TEXT COLLATE "C" NULL,
    judgement BIGINT NOT NULL,
    doc       TEXT NOT NULL
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX calls_by_name ON calls (session, call_id);

CREATE INDEX calls_of_session ON calls (session, id);

CREATE INDEX calls_of_task ON calls (task_id, judgement, id) WHERE task_id IS NOT NULL;

CREATE TABLE transitions (
    call     BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    position BIGINT NOT NULL,
    task_id  TEXT COLLATE "C" NULL,
    agent    TEXT COLLATE "C" NULL,
    at       BIGINT NOT NULL,
    doc      TEXT NOT NULL,
    PRIMARY KEY (call, sequence)
);

CREATE INDEX transitions_of_task ON transitions (task_id, agent, at, position) WHERE task_id IS NOT NULL;

-- Calls whose messages name more than one task, under each of them.
CREATE TABLE named (
    task_id TEXT COLLATE "C" NOT NULL,
    call    BIGINT NOT NULL,
    PRIMARY KEY (task_id, call)
);

CREATE TABLE tasks (
    id      BIGINT NOT NULL PRIMARY KEY,
    task_id TEXT COLLATE "C" NOT NULL UNIQUE,
    doc     TEXT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE windows (
    id        BIGINT NOT NULL PRIMARY KEY,
    window_id TEXT COLLATE "C" NOT NULL UNIQUE,
    task_id   TEXT COLLATE "C" NULL,
    agent     TEXT COLLATE "C" NULL,
    opens_at  BIGINT NULL,
    until     BIGINT NULL,
    doc       TEXT NOT NULL
);

CREATE INDEX windows_of_task ON windows (task_id, id);

CREATE INDEX windows_of_agent ON windows (agent, id);

CREATE INDEX windows_by_end ON windows (until);

CREATE TABLE violations (
    position BIGINT NOT NULL PRIMARY KEY,
    lifted   BIGINT NOT NULL,
    doc      TEXT NOT NULL
);

CREATE TABLE moments (
    second   BIGINT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL
);
