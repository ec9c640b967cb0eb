-- The calls whose question a person may still answer, also where their host has said that they are approved; what they
-- wait with, so that those are found that one question is asked of; and how grave the gravest decision of the node on a
-- call is, and when it was made, whatever its host reports since.
ALTER TABLE calls ADD COLUMN waits INTEGER NULL;

ALTER TABLE calls ADD COLUMN question TEXT NULL;

ALTER TABLE calls ADD COLUMN decided INTEGER NULL;

ALTER TABLE calls ADD COLUMN decided_at INTEGER NULL;

CREATE INDEX calls_waiting ON calls (waits, first_at) WHERE waits IS NOT NULL;

CREATE INDEX calls_asking ON calls (question, first_at) WHERE question IS NOT NULL;

CREATE INDEX calls_decided ON calls (session, tool, decided, decided_at) WHERE decided IS NOT NULL;
