-- What is left of rows that were cut once they were in an archive: what the log's entry of each is made of, so that its
-- leaf can be made again, and the position of the event that says why. The hashes are of the salted stream with the
-- manifest, and of the message.
CREATE TABLE journal_cut (
    ordering        INTEGER NOT NULL PRIMARY KEY,
    sequence_number INTEGER NOT NULL,
    created         INTEGER NOT NULL,
    hashes          BLOB NOT NULL,
    disposal        INTEGER NOT NULL
);

CREATE TRIGGER journal_cut_no_delete BEFORE DELETE ON journal_cut
BEGIN
    SELECT RAISE(ABORT, 'what is left of the journal is append-only: DELETE is refused');
END;

CREATE INDEX journal_cut_disposal ON journal_cut (disposal);

CREATE TRIGGER journal_cut_no_update BEFORE UPDATE ON journal_cut
BEGIN
    SELECT RAISE(ABORT, 'what is left of the journal is append-only: UPDATE is refused');
END;

-- A stream that was cut is closed: nothing is ever added to it.
CREATE TABLE journal_cut_stream (
    persistence_id  TEXT NOT NULL PRIMARY KEY,
    sequence_number INTEGER NOT NULL,
    disposal        INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER journal_cut_stream_no_delete BEFORE DELETE ON journal_cut_stream
BEGIN
    SELECT RAISE(ABORT, 'what is left of the journal is append-only: DELETE is refused');
END;

DROP TRIGGER journal_no_delete;

CREATE TRIGGER journal_cut_stream_no_update BEFORE UPDATE ON journal_cut_stream
BEGIN
    SELECT RAISE(ABORT, 'what is left of the journal is append-only: UPDATE is refused');
END;

-- Nor does a row go that came after the event.
CREATE TRIGGER journal_cut_not_ahead BEFORE INSERT ON journal_cut
WHEN NEW.ordering >= NEW.disposal OR NOT EXISTS (
    SELECT 1 FROM journal WHERE ordering = NEW.disposal AND persistence_id = 'operator|keeping')
BEGIN
    SELECT RAISE(ABORT, 'no event in the journal says that rows are to be cut');
END;

CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
WHEN NOT EXISTS (SELECT 1 FROM journal_cut WHERE ordering = OLD.ordering)
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: DELETE is refused');
END;

CREATE TRIGGER journal_no_cut_stream BEFORE INSERT ON journal
WHEN EXISTS (SELECT 1 FROM journal_cut_stream WHERE persistence_id = NEW.persistence_id)
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: a stream that was cut is closed, and nothing is added to it');
END;
