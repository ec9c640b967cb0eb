-- The state of a call that is open or that its host failed to remember; the others are too many to be looked through.
ALTER TABLE calls ADD COLUMN attention BIGINT NULL;

CREATE INDEX calls_by_attention ON calls (attention, id) WHERE attention IS NOT NULL;

-- The judgement of a call outside of its windows or of their scope.
ALTER TABLE calls ADD COLUMN strayed BIGINT NULL;

CREATE INDEX calls_strayed ON calls (strayed, id) WHERE strayed IS NOT NULL;

-- When a call was first and last reported: the calls of one session are looked through by them.
ALTER TABLE calls ADD COLUMN first_at BIGINT NULL;

ALTER TABLE calls ADD COLUMN last_at BIGINT NULL;

-- Windows that wait for somebody to approve them.
ALTER TABLE windows ADD COLUMN requested BIGINT NULL;

CREATE INDEX windows_requested ON windows (requested, id) WHERE requested IS NOT NULL;

CREATE TABLE hours (
    hour  BIGINT NOT NULL PRIMARY KEY,
    calls BIGINT NOT NULL,
    doc   TEXT NOT NULL
) WITH (fillfactor = 50);
