-- The calls whose question a person may still answer, also where their host has said that they are approved.
ALTER TABLE calls ADD COLUMN waits BIGINT NULL;

CREATE INDEX calls_waiting ON calls (waits, first_at, id) WHERE waits IS NOT NULL;
