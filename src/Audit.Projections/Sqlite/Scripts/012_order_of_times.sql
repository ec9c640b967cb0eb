-- Lists are in the order of the times that they show; an index ends with the id of the row.
ALTER TABLE calls ADD COLUMN tool TEXT NULL;

ALTER TABLE calls ADD COLUMN state INTEGER NULL;

DROP INDEX calls_of_session;

CREATE INDEX calls_of_session ON calls (session, first_at);

DROP INDEX calls_of_task;

CREATE INDEX calls_of_task ON calls (task_id, judgement, first_at) WHERE task_id IS NOT NULL;

DROP INDEX calls_by_attention;

CREATE INDEX calls_by_attention ON calls (attention, first_at) WHERE attention IS NOT NULL;

DROP INDEX calls_strayed;

CREATE INDEX calls_strayed ON calls (strayed, first_at) WHERE strayed IS NOT NULL;

ALTER TABLE sessions ADD COLUMN first_at INTEGER NULL;

CREATE INDEX sessions_by_time ON sessions (first_at);

ALTER TABLE tasks ADD COLUMN first_at INTEGER NULL;

CREATE INDEX tasks_by_time ON tasks (first_at);

ALTER TABLE violations ADD COLUMN at INTEGER NULL;

CREATE INDEX violations_by_time ON violations (at);
