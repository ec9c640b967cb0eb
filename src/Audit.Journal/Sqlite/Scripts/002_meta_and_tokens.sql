CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Each row of these three has a MAC over its other fields, under a key that does not lie here. Lists of names have a
-- line break between two; times are ticks.
CREATE TABLE tokens (
    name         TEXT NOT NULL PRIMARY KEY,
    sha256       BLOB NOT NULL UNIQUE,
    roles        TEXT NOT NULL,
    person       TEXT NOT NULL,
    source_n     INTEGER NULL,
    source       TEXT NULL,
    agents       TEXT NOT NULL,
    tasks        TEXT NOT NULL,
    sources      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    expires_at   INTEGER NULL,
    last_used_at INTEGER NULL,
    revoked_at   INTEGER NULL,
    mac          BLOB NOT NULL
);

-- Of what the cookie holds only the hash.
CREATE TABLE browser_sessions (
    sha256       BLOB NOT NULL PRIMARY KEY,
    token        TEXT NOT NULL,
    token_sha256 BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    mac          BLOB NOT NULL
);

CREATE INDEX browser_sessions_token ON browser_sessions (token);
CREATE INDEX browser_sessions_end ON browser_sessions (expires_at);

CREATE TABLE sources (
    n            INTEGER NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    written_down INTEGER NOT NULL,
    mac          BLOB NOT NULL
);
