-- Where the record of a sample stands in the log, so that what is around it can be read again.
ALTER TABLE samples ADD COLUMN file TEXT;
ALTER TABLE samples ADD COLUMN offset INTEGER;

-- What was found out about an incident without a model; the newest only.
CREATE TABLE evidence (
    incident_id INTEGER PRIMARY KEY REFERENCES incidents (id) ON DELETE CASCADE,
    gathered_at INTEGER NOT NULL,
    report      TEXT    NOT NULL,
    tokens      INTEGER NOT NULL
) STRICT;

-- The words of past incidents, so that one like them is found. https://www.sqlite.org/fts5.html
CREATE VIRTUAL TABLE memory USING fts5 (words, incident_id UNINDEXED, tokenize = 'unicode61');
CREATE TRIGGER memory_forgets AFTER DELETE ON incidents BEGIN
    DELETE FROM memory WHERE incident_id = old.id;
END;
