-- When a message was received: whoever looks for what a window's end changes finds it in the index alone.
ALTER TABLE transitions ADD COLUMN received_at INTEGER NOT NULL DEFAULT 0;

DROP INDEX transitions_of_task;

CREATE INDEX transitions_of_task ON transitions (task_id, agent, at, position, received_at) WHERE task_id IS NOT NULL;

-- The window of a message that is in it by more than its date and its arrival, or not known to be in it.
ALTER TABLE transitions ADD COLUMN marked TEXT NULL;

ALTER TABLE transitions ADD COLUMN marks INTEGER NULL;

CREATE INDEX transitions_marked ON transitions (marked, marks) WHERE marked IS NOT NULL;
