-- State and flags of the calls that are not simply done: the search begins with them when it is asked for such.
ALTER TABLE calls ADD COLUMN mark BIGINT NULL;

CREATE INDEX calls_of_note ON calls (mark, id) WHERE mark IS NOT NULL;
