-- The GitHub issue of an incident; where this is lost, it is found again by the marker in its body.
CREATE TABLE issues (
    incident_id  INTEGER PRIMARY KEY REFERENCES incidents (id) ON DELETE CASCADE,
    repository   TEXT    NOT NULL,
    number       INTEGER NOT NULL,
    is_open      INTEGER NOT NULL,
    filed_at     INTEGER NOT NULL,
    closing      TEXT,
    closed_at    INTEGER,
    closed_count INTEGER NOT NULL,
    confirmed_at INTEGER,
    is_gone      INTEGER NOT NULL,
    reopened     INTEGER NOT NULL,
    shown_count  INTEGER NOT NULL,
    written_at   INTEGER NOT NULL,
    commented_at    INTEGER NOT NULL,
    commented_count INTEGER NOT NULL,
    verdict      TEXT
) STRICT;

-- What there was to count in each hour, for the scorecard: events, messages, issues ...
CREATE TABLE tally (
    hour INTEGER NOT NULL,
    what TEXT    NOT NULL,
    n    INTEGER NOT NULL,
    PRIMARY KEY (hour, what)
) STRICT, WITHOUT ROWID;

-- Every new message about an incident, and how long after the event it came.
CREATE TABLE told (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    waited_us INTEGER NOT NULL
) STRICT;
CREATE INDEX told_at ON told (at);
