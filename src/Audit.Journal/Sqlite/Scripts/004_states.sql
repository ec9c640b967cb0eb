-- What a part of the nodes keeps of itself from one start to the next, by its name, with a MAC as tokens have.
CREATE TABLE states (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL,
    mac   BLOB NOT NULL
) WITHOUT ROWID;
