-- The calls whose question a person may still answer, also where their host has said that they are approved.
ALTER TABLE calls ADD COLUMN waits INTEGER NULL;

CREATE INDEX calls_waiting ON calls (waits, first_at) WHERE waits IS NOT NULL;
