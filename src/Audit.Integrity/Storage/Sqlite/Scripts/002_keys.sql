-- The notes on the keys that took the place of another, a JSON array of texts, the oldest first; each is signed by the
-- key before it and by the new one.
ALTER TABLE log ADD COLUMN keys TEXT NULL;
