-- The content of a session (or a window, or a day of acts) is sealed under a key that lies here, itself sealed under the
-- key file, which is never in a database. Without wrapped bytes the key was ended, and with it that content.
CREATE TABLE payload_keys (
    owner   TEXT NOT NULL PRIMARY KEY,
    key_id  TEXT NOT NULL,
    wrapped BYTEA NULL
);
