"""Answers of a model to the time-out scenario. Written by hand: they show that the plumbing works, and nothing about how right a model is."""

import json

FAULTY = "d9fb78a6c18e"
CAUSE = {
    "root_cause": "The AI client uses the shared client whose time-out is 8 s; answers take longer.",
    "evidence": [
        {"kind": "source", "ref": "S1", "quote": "pub fn shared_client() -> Result<Client, AppError> {"},
        {"kind": "commit", "ref": "C1", "quote": "shared_client"},
    ],
    "confidence": "High",
    "severity": "critical",
    "category": "code",
    "code_cause": "yes",
    "file": "codes/server/src/global/http.rs",
    "function": "shared_client",
    "suspect_commit": FAULTY,
    "suspect_reason": "it replaced the AI client's own client with the shared one",
    "impact": "Every analysis fails.",
    "recommendations": [
        {"priority": 2, "action": "Watch the rate of AI5003.", "effort": "low"},
        {"priority": 1, "action": "Give the AI client a time-out of its own.", "effort": "low"},
    ],
    "fix": {
        "kind": "timeout",
        "description": "raise it to 60 s",
        "files": ["codes/server/src/global/http.rs"],
    },
}


def answer(**changes):
    return json.dumps({"lookups": [], "diagnosis": {**CAUSE, **changes}})


def lookups(*asked):
    empty = {"text": "", "path": "", "first_line": 0, "last_line": 0}
    return json.dumps({"lookups": [{**empty, **each} for each in asked], "diagnosis": None})


def cited(body):
    """An answer that quotes what was really sent: the piece with the commit and the one with the function."""
    text = body["messages"][0]["content"][0]["text"]
    commit = next(
        part for part in text.split("\n\n[") if FAULTY in part.split("\n")[0] and part.startswith("C")
    )
    source = next(part for part in text.split("\n\n[") if "fn shared_client" in part and part.startswith("S"))
    added = next(row for row in commit.splitlines() if row.startswith(("+", "-")) and "shared_client" in row)
    return answer(
        evidence=[
            {
                "kind": "source",
                "ref": source.split("]")[0],
                "quote": "pub fn shared_client() -> Result<Client, AppError> {",
            },
            {"kind": "commit", "ref": commit.split("]")[0], "quote": added[1:].strip()},
        ]
    )
