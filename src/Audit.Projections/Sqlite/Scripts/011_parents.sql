-- In the course of which call a call was made: by this its children are found, also where they came before it.
ALTER TABLE calls ADD COLUMN parent TEXT NULL;

CREATE INDEX calls_of_parent ON calls (session, parent, id) WHERE parent IS NOT NULL;
