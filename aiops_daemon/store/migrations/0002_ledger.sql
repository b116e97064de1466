-- What was bought or used up, whatever became of it: reserved before the act, settled after it.
CREATE TABLE ledger (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    key          TEXT    NOT NULL UNIQUE,
    units        INTEGER NOT NULL,           -- diagnoses, pull requests ...; more than one where a window was written off
    reserved_usd INTEGER NOT NULL,           -- millionths of a dollar
    settled_usd  INTEGER,                    -- NULL: never heard of again, so the reservation counts
    incident_id  INTEGER                     -- no reference: money stays spent when an incident is forgotten
) STRICT;
CREATE INDEX ledger_at ON ledger (at, kind);
