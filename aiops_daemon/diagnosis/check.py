"""Holds a diagnosis against what was sent: it may only lose by it.

Every quotation must stand in the evidence, a file must be one that was shown, a commit one whose diff was shown and quoted. And what the
model wrote is a stranger's text: no link that isn't the source's own, nothing to be run, nothing invisible, no secret.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from aiops_daemon.diagnosis import rendering
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

_LINE_NUMBER = re.compile(r"^ *\d+ ?|^[+-](?=\S|\s)", re.MULTILINE)
_BLANKS = re.compile(r"\s+")
_ELLIPSIS = re.compile(r"\.{3,}|…")
_SHORTEST_QUOTE = 6
_SHORTEST_SHA = 7
_LINK = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]{1,15}://|www\.|mailto:)[^\s<>()\[\]\"'`]+|\bdiscord\.gg/\S+")
_MARKUP = re.compile(r"\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)|<(?:[@#][!&]?|:\w+:)\d*>|@(?:everyone|here)\b")
_COMMAND = re.compile(
    r"(?i)\b(?:curl|wget|invoke-webrequest|iex)\b.{0,80}(?:\||-o\b|https?:|\$\(|[a-z0-9-]+\.[a-z]{2,}/)|\|\s*(?:ba|z|da)?sh\b|"
    r"\brm\s+-[rf]{1,2}\b|\bchmod\s+(?:\+x|[0-7]{3,4})\b|\bbase64\s+(?:-d|--decode)\b|\bnc\s+-\w|\bsudo\s|\bdrop\s+(?:table|database)\b|"
    r"\b(?:pip|npm|cargo|apt|apt-get)\s+install\b|\bpowershell\b|\beval\s*\("
)
_WITHHELD = "(withheld: it held a command)"
_REMOVED = "(link removed)"
_SOURCES = frozenset({PieceKind.SOURCE, PieceKind.SETTING, PieceKind.COMMIT, PieceKind.HISTORY})


def checked(diagnosis: Diagnosis, pieces: Sequence[Piece], redaction: Redaction) -> Diagnosis:
    """The diagnosis without what doesn't hold, with the confidence that is left and the reasons why."""
    texts = {piece.id: _plain(piece.text) for piece in pieces if piece.id}
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
    commit = _suspect(diagnosis, pieces, verified, notes)
    own = " ".join(
        text
        for piece, text in ((piece, texts.get(piece.id, "")) for piece in pieces)
        if piece.kind in _SOURCES
    )

    def said(text: str) -> str:
        return safe(text, own, redaction)

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
    """Without line numbers and signs of a diff, blanks as one: a quotation may go over lines."""
    return _BLANKS.sub(" ", _LINE_NUMBER.sub("", text)).strip().lower()


def _held(citation: Citation, texts: dict[str, str]) -> Citation:
    """The citation, verified if its words stand in the piece that it names, or else in one that it will name from now on."""
    parts = [part for each in _ELLIPSIS.split(citation.quote) if (part := _plain(each).strip(" \"'`"))]
    if not parts or max(map(len, parts)) < _SHORTEST_QUOTE:
        return citation
    named = citation.ref.strip().strip("[]").split()[0] if citation.ref.strip() else ""
    for piece in dict.fromkeys([named, *texts]):
        if piece in texts and _in_order(parts, texts[piece]):
            return replace(citation, ref=piece, verified=True)
    return citation


def _in_order(parts: Sequence[str], text: str) -> bool:
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


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


def _suspect(
    diagnosis: Diagnosis, pieces: Sequence[Piece], verified: Sequence[Citation], notes: list[str]
) -> str | None:
    """The commit, if its diff was shown and words of it are cited: an innocent one must not be blamed."""
    named = (diagnosis.suspect_commit or "").lower()
    if not named:
        return None
    shown = {piece.sha: piece.id for piece in pieces if piece.sha and piece.has_diff}
    found = [sha for sha in shown if sha.startswith(named)] if len(named) >= _SHORTEST_SHA else []
    if len(found) != 1:
        notes.append("the commit it names was not shown to it")
        return None
    ids = {piece.id for piece in pieces if piece.sha == found[0] and piece.has_diff}
    if diagnosis.code_cause is False:
        notes.append("it names a commit although it says that the cause is not in the code")
        return None
    if not any(citation.ref in ids for citation in verified):
        notes.append("it cites no line of the commit it names, so the commit is not blamed")
        return None
    return found[0]


def _fix(fix: ProposedFix, pieces: Sequence[Piece], said: object) -> ProposedFix | None:
    """Only of files that were shown."""
    files = tuple(path for each in fix.files if (path := _shown(each, pieces)))
    if not files or len(files) < len(fix.files):
        return None
    assert callable(said)
    return replace(fix, description=said(fix.description), files=files)


def safe(text: str, own: str, redaction: Redaction) -> str:
    """For people to read: in one line, without links of others, mentions, commands and secrets."""
    plain = _BLANKS.sub(" ", rendering.clean(text)).strip()
    plain = _MARKUP.sub(lambda match: match[1] or "", plain)
    plain = _LINK.sub(lambda match: _bare(match[0], own), plain)
    if _COMMAND.search(plain):
        return _WITHHELD
    return redaction.source(plain)


def _bare(link: str, own: str) -> str:
    """An address that the source itself has, without what makes it a link; any other one goes."""
    bare = re.sub(r"(?i)^[a-z][a-z0-9+.-]*:(?://)?", "", link).rstrip(".,;:!?")
    host = bare.split("/")[0]
    return bare if len(host) > 3 and host.lower() in own else _REMOVED  # noqa: PLR2004
