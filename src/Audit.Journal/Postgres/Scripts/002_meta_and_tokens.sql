CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE tokens (
    name       TEXT NOT NULL PRIMARY KEY,
    sha256     BYTEA NOT NULL UNIQUE,
    roles      TEXT NOT NULL,
    agent      TEXT NULL,
    task       TEXT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NULL
);
