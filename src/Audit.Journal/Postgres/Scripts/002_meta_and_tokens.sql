CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

-- Each row of these three has a MAC over its other fields, under a key that does not lie here. Lists of names have a
-- line break between two; times are ticks.
CREATE TABLE tokens (
    name         TEXT NOT NULL PRIMARY KEY,
    sha256       BYTEA NOT NULL UNIQUE,
    roles        TEXT NOT NULL,
    person       TEXT NOT NULL,
    source_n     BIGINT NULL,
    source       TEXT NULL,
    agents       TEXT NOT NULL,
    tasks        TEXT NOT NULL,
    sources      TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    created_by   TEXT NOT NULL,
    expires_at   BIGINT NULL,
    last_used_at BIGINT NULL,
    revoked_at   BIGINT NULL,
    mac          BYTEA NOT NULL
);

-- Of what the cookie holds only the hash.
CREATE TABLE browser_sessions (
    sha256       BYTEA NOT NULL PRIMARY KEY,
    token        TEXT NOT NULL,
    token_sha256 BYTEA NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    mac          BYTEA NOT NULL
);

CREATE INDEX browser_sessions_token ON browser_sessions (token);
CREATE INDEX browser_sessions_end ON browser_sessions (expires_at);

CREATE TABLE sources (
    n            BIGINT NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    created_by   TEXT NOT NULL,
    written_down BIGINT NOT NULL,
    mac          BYTEA NOT NULL
);
