-- Times are microseconds since 1970 in UTC. Text that came from a log is redacted before it gets here.

-- A generation is one life of one log file: a truncated or replaced file is a new one.
CREATE TABLE files (
    generation   TEXT PRIMARY KEY,
    name         TEXT    NOT NULL,
    device       INTEGER NOT NULL,
    inode        INTEGER NOT NULL,
    head_length  INTEGER NOT NULL,  -- bytes of the head that head_hash covers
    head_hash    TEXT    NOT NULL,
    position     INTEGER NOT NULL,  -- the end of the last whole record admitted
    marker_hash  TEXT    NOT NULL,  -- of the bytes before the position
    unparsed     INTEGER NOT NULL DEFAULT 0,
    seen_at      INTEGER NOT NULL,
    is_finished  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Records admitted although they stand behind the position, while a panic before them was still being written.
CREATE TABLE read_ahead (
    generation TEXT    NOT NULL REFERENCES files (generation) ON DELETE CASCADE,
    offset     INTEGER NOT NULL,
    PRIMARY KEY (generation, offset)
) STRICT, WITHOUT ROWID;

CREATE TABLE unparsed (
    id         INTEGER PRIMARY KEY,
    file       TEXT    NOT NULL,
    offset     INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    text       TEXT    NOT NULL
) STRICT;

CREATE TABLE incidents (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint   TEXT    NOT NULL UNIQUE,
    family        TEXT    NOT NULL,
    fault_id      TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    code          TEXT,
    severity      TEXT    NOT NULL,
    actions       TEXT    NOT NULL,
    title         TEXT    NOT NULL,
    title_is_ours INTEGER NOT NULL,
    target        TEXT    NOT NULL,
    place         TEXT,
    request       TEXT,
    count         INTEGER NOT NULL,
    suppressed    INTEGER NOT NULL,
    companions    INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    active_at     INTEGER NOT NULL,
    resolved_at   INTEGER,
    revision      INTEGER NOT NULL,
    alerts        INTEGER NOT NULL,
    alerted_at    INTEGER,
    quiet_checks  INTEGER NOT NULL,
    shares_with   INTEGER REFERENCES incidents (id) ON DELETE SET NULL,
    redaction_key BLOB    NOT NULL,
    placeholders  TEXT    NOT NULL
) STRICT;
CREATE INDEX incidents_family ON incidents (family);
CREATE INDEX incidents_state ON incidents (state, last_seen_at);
CREATE INDEX incidents_shares ON incidents (shares_with) WHERE shares_with IS NOT NULL;

CREATE TABLE samples (
    id           INTEGER PRIMARY KEY,
    incident_id  INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    seen_at      INTEGER NOT NULL,
    level        TEXT    NOT NULL,
    text         TEXT    NOT NULL,
    is_companion INTEGER NOT NULL
) STRICT;
CREATE INDEX samples_incident ON samples (incident_id, id);

-- How many events a minute; only the newest hour of each incident.
CREATE TABLE pulse (
    incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    minute      INTEGER NOT NULL,
    events      INTEGER NOT NULL,
    PRIMARY KEY (incident_id, minute)
) STRICT, WITHOUT ROWID;

-- Which requests and panics opened or touched which incident, for as long as request_window.
CREATE TABLE twins (
    id          INTEGER PRIMARY KEY,
    twin        TEXT    NOT NULL,  -- a hash: what clients send is not kept
    incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    is_weak     INTEGER NOT NULL,
    events      INTEGER NOT NULL,  -- how many such records, so that a repeated id takes one row
    logged_at   INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX twins_twin ON twins (twin);
CREATE INDEX twins_seen ON twins (seen_at);

CREATE TABLE history (
    id          INTEGER PRIMARY KEY,
    incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    what        TEXT    NOT NULL,
    why         TEXT    NOT NULL
) STRICT;
CREATE INDEX history_incident ON history (incident_id, id);

CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    key         TEXT    NOT NULL UNIQUE,
    kind        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    priority    INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    finished_at INTEGER,
    incident_id INTEGER REFERENCES incidents (id) ON DELETE CASCADE,
    text        TEXT    NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,  -- rises when the job is claimed
    retries     INTEGER NOT NULL DEFAULT 0,  -- those of them that ended in an orderly way
    maybe_done  INTEGER NOT NULL DEFAULT 0,
    error       TEXT
) STRICT;
CREATE INDEX jobs_due ON jobs (state, kind, priority, due_at, id);
CREATE INDEX jobs_incident ON jobs (incident_id);

-- The newest message of each incident.
CREATE TABLE messages (
    incident_id    INTEGER PRIMARY KEY REFERENCES incidents (id) ON DELETE CASCADE,
    sink           TEXT    NOT NULL,
    reason         TEXT    NOT NULL,  -- why it was posted
    message_id     TEXT    NOT NULL,
    posted_at      INTEGER NOT NULL,
    shown_revision INTEGER NOT NULL,
    edits          INTEGER NOT NULL
) STRICT;

CREATE TABLE sinks (
    name  TEXT PRIMARY KEY,
    ok    INTEGER NOT NULL,
    error TEXT,
    at    INTEGER NOT NULL
) STRICT;

-- What the running daemon says of itself, for `status`.
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
