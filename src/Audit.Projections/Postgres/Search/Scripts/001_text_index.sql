-- Unlogged, for all of it can be made again from the journal: after a crash of the server the tables are empty, the version
-- with them, and so they are made and filled anew.
CREATE UNLOGGED TABLE version (version BIGINT NOT NULL);

CREATE UNLOGGED TABLE offsets (
    name      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    position  BIGINT NOT NULL,
    digest    TEXT NOT NULL,
    halted_at BIGINT NULL,
    sentence  TEXT NULL
);

INSERT INTO offsets (name, position, digest) VALUES ('search', 0, '');

-- Events that could not be read, and so are found by nothing.
CREATE UNLOGGED TABLE unread (
    position BIGINT NOT NULL PRIMARY KEY,
    sentence TEXT NOT NULL
);

-- Every value that a key has had, for globs and for completion.
CREATE UNLOGGED TABLE names (
    key  BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (key, name)
);

-- The words come from our own tokenizer, and PostgreSQL's parser never sees a text.
CREATE UNLOGGED TABLE docs (
    position BIGINT NOT NULL PRIMARY KEY,
    call     BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    words    TSVECTOR NOT NULL
);

CREATE INDEX docs_of_call ON docs (call, position);

-- New documents wait in a list, which is worked in when it is long or when nothing else is to be done.
CREATE INDEX docs_by_words ON docs USING gin (words) WITH (fastupdate = on, gin_pending_list_limit = 32768);
