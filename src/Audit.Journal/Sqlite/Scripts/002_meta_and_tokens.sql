CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE tokens (
    name       TEXT NOT NULL PRIMARY KEY,
    sha256     BLOB NOT NULL UNIQUE,
    roles      TEXT NOT NULL,
    agent      TEXT NULL,
    task       TEXT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER NULL
);
