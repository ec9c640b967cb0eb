-- A session is known by its id and its source, both in session_id; whose it is stands in a column of its own as well.
ALTER TABLE sessions ADD COLUMN source TEXT COLLATE "C" NULL;

ALTER TABLE calls ADD COLUMN source TEXT COLLATE "C" NULL;

CREATE INDEX calls_of_source ON calls (source, session);

ALTER TABLE violations ADD COLUMN source TEXT COLLATE "C" NULL;

ALTER TABLE windows ADD COLUMN source TEXT COLLATE "C" NULL;
