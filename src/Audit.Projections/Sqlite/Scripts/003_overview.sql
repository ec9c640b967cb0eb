-- The state of a call that is open or that its host failed to remember; the others are too many to be looked through.
ALTER TABLE calls ADD COLUMN attention INTEGER NULL;

CREATE INDEX calls_by_attention ON calls (attention) WHERE attention IS NOT NULL;

-- The judgement of a call outside of its windows or of their scope.
ALTER TABLE calls ADD COLUMN strayed INTEGER NULL;

CREATE INDEX calls_strayed ON calls (strayed) WHERE strayed IS NOT NULL;

-- When a call was first and last reported: the calls of one session are looked through by them.
ALTER TABLE calls ADD COLUMN first_at INTEGER NULL;

ALTER TABLE calls ADD COLUMN last_at INTEGER NULL;

-- Windows that wait for somebody to approve them.
ALTER TABLE windows ADD COLUMN requested INTEGER NULL;

CREATE INDEX windows_requested ON windows (requested) WHERE requested IS NOT NULL;

CREATE TABLE hours (
    hour  INTEGER NOT NULL PRIMARY KEY,
    calls INTEGER NOT NULL,
    doc   TEXT NOT NULL
);
