-- Whose a call and a violation is: what a token that is bound to an agent or a task may see is asked for by these.
ALTER TABLE calls ADD COLUMN agent TEXT COLLATE "C" NULL;

CREATE INDEX calls_of_agent ON calls (agent, task_id, session) WHERE agent IS NOT NULL;

ALTER TABLE violations ADD COLUMN task_id TEXT COLLATE "C" NULL;

ALTER TABLE violations ADD COLUMN agent TEXT COLLATE "C" NULL;
