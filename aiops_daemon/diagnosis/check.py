"""Holds a diagnosis against what was sent: it may only lose by it.

Every quotation must stand in the evidence, a file must be one that was shown, a commit one whose diff was shown and quoted. And what the
model wrote is a stranger's text: no link that isn't the source's own, nothing to be run, nothing invisible, no secret.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from aiops_daemon.diagnosis.safe_text import hosts_of, safe
from aiops_daemon.domain.diagnosis import (
    Category,
    Citation,
    Confidence,
    Diagnosis,
    ProposedFix,
    Recommendation,
)
from aiops_daemon.domain.evidence import Piece, PieceKind
from aiops_daemon.redaction import Redaction

_LINE_NUMBER = re.compile(r"^ *\d+ ?|^[+-]", re.MULTILINE)
_CHANGED = re.compile(r"^[+-](.*)$", re.MULTILINE)
_BLANKS = re.compile(r"\s+")
_ELLIPSIS = re.compile(r"\.{3,}|…")
_SHORTEST_QUOTE = 6
_SHORTEST_CHANGE = 8
_WIDEST_GAP = 400
"""Characters between the parts of a quotation with an ellipsis."""
_SHORTEST_SHA = 7
_FULL_SHA = re.compile(r"^([0-9a-f]{40,64}) ", re.MULTILINE)
_SOURCES = frozenset({PieceKind.SOURCE, PieceKind.SETTING, PieceKind.COMMIT, PieceKind.HISTORY})


def checked(diagnosis: Diagnosis, pieces: Sequence[Piece], redaction: Redaction) -> Diagnosis:
    """The diagnosis without what doesn't hold, with the confidence that is left and the reasons why."""
    texts = {piece.id: _forms(piece.text) for piece in pieces if piece.id}
    notes: list[str] = []
    confidence = diagnosis.confidence
    cited = tuple(_held(citation, texts) for citation in diagnosis.evidence)
    verified = [citation for citation in cited if citation.verified]
    if len(verified) < len(cited):
        notes.append(f"{len(cited) - len(verified)} of {len(cited)} quotations do not stand in the evidence")
        confidence = Confidence.LOW
    if not verified:
        notes.append("nothing that was cited stands in the evidence")
        confidence = Confidence.LOW
    if diagnosis.category is Category.UNKNOWN and confidence is Confidence.HIGH:
        confidence = Confidence.MEDIUM
    file = _shown(diagnosis.file, pieces)
    if diagnosis.file and file is None:
        notes.append("the file it names was not shown to it")
        confidence = Confidence.LOW
    commit = _suspect(diagnosis, pieces, notes)
    hosts = hosts_of(piece.text for piece in pieces if piece.kind in _SOURCES)

    def said(text: str) -> str:
        return safe(text, hosts, redaction)

    return replace(
        diagnosis,
        root_cause=said(diagnosis.root_cause),
        evidence=tuple(replace(each, ref=said(each.ref), quote=said(each.quote)) for each in cited),
        confidence=confidence,
        file=file,
        function=said(diagnosis.function) if diagnosis.function and (file or not diagnosis.file) else None,
        suspect_commit=commit,
        suspect_reason=said(diagnosis.suspect_reason) if commit else "",
        impact=said(diagnosis.impact),
        recommendations=tuple(
            Recommendation(priority=each.priority, action=said(each.action), effort=each.effort)
            for each in diagnosis.recommendations
        ),
        fix=_fix(diagnosis.fix, pieces, said) if diagnosis.fix else None,
        notes=tuple(notes),
    )


def _plain(text: str) -> str:
    """Blanks as one: a quotation may go over lines."""
    return _BLANKS.sub(" ", text).strip().lower()


def _forms(text: str) -> tuple[str, str]:
    """A text as it was sent, and without line numbers and signs of a diff: a quotation may be of either."""
    return _plain(text), _plain(_LINE_NUMBER.sub("", text))


def _parts(quote: str) -> list[str]:
    """What stands between ellipses; nothing where a part is too short to say anything."""
    parts = [part for each in _ELLIPSIS.split(quote) if (part := _plain(each).strip("\"'`"))]
    return parts if parts and min(map(len, parts)) >= _SHORTEST_QUOTE else []


def _held(citation: Citation, texts: dict[str, tuple[str, str]]) -> Citation:
    """The citation, verified if its words stand in the piece that it names, or else in one that it will name from now on."""
    parts = _parts(citation.quote)
    named = citation.ref.strip().strip("[]").split()[0] if citation.ref.strip() else ""
    for piece in dict.fromkeys([named, *texts]):
        if parts and piece in texts and any(_in_order(parts, form) for form in texts[piece]):
            return replace(citation, ref=piece, verified=True)
    return citation


def _in_order(parts: Sequence[str], text: str) -> bool:
    """Whether the parts stand in a text one behind the other, and not far apart."""
    start = text.find(parts[0])
    while start >= 0:
        at = start + len(parts[0])
        for part in parts[1:]:
            found = text.find(part, at, at + _WIDEST_GAP + len(part))
            if found < 0:
                break
            at = found + len(part)
        else:
            return True
        start = text.find(parts[0], start + 1)
    return False


def _shown(path: str | None, pieces: Sequence[Piece]) -> str | None:
    """The file that is meant, if it was shown or stands in the evidence as one that is tracked."""
    if not path:
        return None
    wanted = path.strip().removeprefix("./").split(":")[0]
    known = dict.fromkeys(piece.path for piece in pieces if piece.path)
    if wanted in known:
        return wanted
    ending = [each for each in known if each and each.endswith(f"/{wanted}")]
    if len(ending) == 1:
        return ending[0]
    of_source = "\n".join(piece.text for piece in pieces if piece.kind in _SOURCES)
    return (
        wanted
        if re.search(rf"(?<![\w./-]){re.escape(wanted)}(?![\w/-])", of_source) and "." in wanted
        else None
    )


def _suspect(diagnosis: Diagnosis, pieces: Sequence[Piece], notes: list[str]) -> str | None:
    """The commit, if its diff was shown and lines of it are cited: an innocent one must not be blamed."""
    named = (diagnosis.suspect_commit or "").lower()
    if not named:
        return None
    changes = _changes(pieces)
    found = [sha for sha in changes if sha.startswith(named)] if len(named) >= _SHORTEST_SHA else []
    if len(found) != 1:
        notes.append("the commit it names was not shown to it")
        return None
    if diagnosis.code_cause is False:
        notes.append("it names a commit although it says that the cause is not in the code")
        return None
    forms = changes[found[0]]
    for citation in diagnosis.evidence:
        parts = _parts(citation.quote)
        if (
            parts
            and max(map(len, parts)) >= _SHORTEST_CHANGE
            and any(_in_order(parts, form) for form in forms)
        ):
            return found[0]
    notes.append("it cites no changed line of the commit it names, so the commit is not blamed")
    return None


def _changes(pieces: Sequence[Piece]) -> dict[str, tuple[str, str]]:
    """The lines that came and went with each commit whose diff was shown, with and without their signs."""
    lines: dict[str, list[str]] = defaultdict(list)
    for piece in pieces:
        if piece.sha is not None and piece.has_diff:
            lines[piece.sha] += _changed_lines(piece.text)
        elif piece.kind is PieceKind.HISTORY:  # an answer about the history of something: several commits
            parts = _FULL_SHA.split(piece.text)[1:]
            for sha, changed in zip(parts[::2], parts[1::2], strict=True):
                lines[sha] += _changed_lines(changed)
    return {sha: _forms("\n".join(changed)) for sha, changed in lines.items() if changed}


def _changed_lines(text: str) -> list[str]:
    return [match[0] for match in _CHANGED.finditer(text) if not match[0].startswith(("+++", "---"))]


def _fix(fix: ProposedFix, pieces: Sequence[Piece], said: object) -> ProposedFix | None:
    """Only of files that were shown."""
    files = tuple(path for each in fix.files if (path := _shown(each, pieces)))
    if not files or len(files) < len(fix.files):
        return None
    assert callable(said)
    return replace(fix, description=said(fix.description), files=files)
