-- What was held to be the cause of an incident, each time that somebody was asked.
CREATE TABLE diagnoses (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    fingerprint TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    body        TEXT    NOT NULL,
    blobs       TEXT    NOT NULL,  -- what the files that it rests on held: path -> name of the blob
    verdict     TEXT               -- right or wrong, as people say
) STRICT;
CREATE INDEX diagnoses_incident ON diagnoses (incident_id, id);
CREATE INDEX diagnoses_fingerprint ON diagnoses (fingerprint, id);

-- What a question took, beside what it cost.
ALTER TABLE ledger ADD COLUMN prompt_tokens INTEGER;
ALTER TABLE ledger ADD COLUMN answer_tokens INTEGER;
