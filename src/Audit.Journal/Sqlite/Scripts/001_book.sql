-- The default journal table of Akka.Persistence.Sql, without the two extra indexes that the plugin would make.
CREATE TABLE journal (
    ordering        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    created         INTEGER NOT NULL,
    deleted         Bit NOT NULL,
    persistence_id  NVarChar(255) NOT NULL,
    sequence_number INTEGER NOT NULL,
    message         VarBinary NOT NULL,
    manifest        NVarChar(500) NULL,
    identifier      INTEGER NULL,
    writer_uuid     NVarChar(128) NULL,
    -- A row at or below zero would lie before everything that was ever read.
    CHECK (ordering > 0)
);

CREATE UNIQUE INDEX journal_uq ON journal (persistence_id, sequence_number);

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: UPDATE is refused');
END;

CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: DELETE is refused');
END;

-- INSERT OR REPLACE deletes the row in its way without firing a delete trigger, so an existing key is refused before.
CREATE TRIGGER journal_no_replace BEFORE INSERT ON journal
WHEN EXISTS (
    SELECT 1 FROM journal WHERE persistence_id = NEW.persistence_id AND sequence_number = NEW.sequence_number)
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: the stream has an event of this sequence number');
END;

-- NEW.ordering is -1 where none is given. A given one may neither replace a row nor fill a gap that readers went past.
CREATE TRIGGER journal_no_past BEFORE INSERT ON journal
WHEN NEW.ordering <> -1 AND NEW.ordering <= (SELECT max(ordering) FROM journal)
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: the ordering given is not after the last');
END;
