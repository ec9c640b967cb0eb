-- Lists are in the order of the times that they show; the calls of a session are picked by tool and state.
ALTER TABLE calls ADD COLUMN tool TEXT COLLATE "C" NULL;

ALTER TABLE calls ADD COLUMN state BIGINT NULL;

DROP INDEX calls_of_session;

CREATE INDEX calls_of_session ON calls (session, first_at, id);

DROP INDEX calls_of_task;

CREATE INDEX calls_of_task ON calls (task_id, judgement, first_at, id) WHERE task_id IS NOT NULL;

DROP INDEX calls_by_attention;

CREATE INDEX calls_by_attention ON calls (attention, first_at, id) WHERE attention IS NOT NULL;

DROP INDEX calls_strayed;

CREATE INDEX calls_strayed ON calls (strayed, first_at, id) WHERE strayed IS NOT NULL;

ALTER TABLE sessions ADD COLUMN first_at BIGINT NULL;

CREATE INDEX sessions_by_time ON sessions (first_at, id);

ALTER TABLE tasks ADD COLUMN first_at BIGINT NULL;

CREATE INDEX tasks_by_time ON tasks (first_at, id);

ALTER TABLE violations ADD COLUMN at BIGINT NULL;

CREATE INDEX violations_by_time ON violations (at, position);
