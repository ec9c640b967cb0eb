CREATE TABLE version (version INTEGER NOT NULL);

CREATE TABLE offsets (
    name      TEXT NOT NULL PRIMARY KEY,
    position  INTEGER NOT NULL,
    digest    TEXT NOT NULL,
    halted_at INTEGER NULL,
    sentence  TEXT NULL
) WITHOUT ROWID;

INSERT INTO offsets (name, position, digest) VALUES ('search', 0, '');

-- Events that could not be read, and so are found by nothing.
CREATE TABLE unread (
    position INTEGER NOT NULL PRIMARY KEY,
    sentence TEXT NOT NULL
);

-- Every value that a key has had, for globs and for completion.
CREATE TABLE names (
    key  INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (key, name)
) WITHOUT ROWID;

CREATE TABLE docs (
    position INTEGER NOT NULL PRIMARY KEY,
    call     INTEGER NOT NULL,
    at       INTEGER NOT NULL
);

-- An index ends with the row's id, so this one is in the order of positions.
CREATE INDEX docs_of_call ON docs (call);

-- The words come from our own tokenizer, with spaces between them, and what is not ASCII is part of a word here.
CREATE VIRTUAL TABLE words USING fts5 (said, marks, content = '', columnsize = 0, detail = full, tokenize = 'ascii');

INSERT INTO words (words, rank) VALUES ('hashsize', 67108864);
INSERT INTO words (words, rank) VALUES ('automerge', 8);
