-- How a violation of a call stands with those who review it, and whether it waits for them.
ALTER TABLE violations ADD COLUMN review BIGINT NULL;

ALTER TABLE violations ADD COLUMN waits BIGINT NULL;

CREATE INDEX violations_waiting ON violations (waits) WHERE waits IS NOT NULL;

-- Where bundles and exports were given: what was lifted after that was known to others before.
CREATE TABLE copies (
    position BIGINT NOT NULL PRIMARY KEY,
    doc      TEXT NOT NULL
);
