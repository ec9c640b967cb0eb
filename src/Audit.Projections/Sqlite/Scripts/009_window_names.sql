-- What a window is called by who asked for it: others may use the same name.
ALTER TABLE windows ADD COLUMN alias TEXT NULL;

CREATE INDEX windows_by_alias ON windows (alias) WHERE alias IS NOT NULL;

-- Times in which the book took nothing, and a node started at the end of them: whoever reports late may say that no node was there.
-- One that has not ended stands at the stop that may begin it.
CREATE TABLE pauses (
    position INTEGER NOT NULL PRIMARY KEY,
    begun    INTEGER NOT NULL,
    ended    INTEGER NULL,
    doc      TEXT NOT NULL
);

CREATE INDEX pauses_by_end ON pauses (ended) WHERE ended IS NOT NULL;
