"""The pieces of evidence, chosen within a budget: what matters most is never cut.

    1  the incident itself                       always
    2  its records, its requests, what came before
    3  the places, the best first                (each function at most 90 lines)
    4  the settings they read, and where these are set
    5  the suspects' changes, the best first
    6  what else changed lately, a line a commit
    7  similar incidents

Each section has its share of the tokens; what one leaves over goes to the next. Every piece says why it is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from aiops_daemon.diagnosis import rendering
from aiops_daemon.diagnosis.budget import Budget, Offer, tokens_of
from aiops_daemon.diagnosis.findings import Findings, began_of, report_of
from aiops_daemon.diagnosis.log_rows import Row
from aiops_daemon.diagnosis.places import Place
from aiops_daemon.diagnosis.rates import Rates
from aiops_daemon.diagnosis.rendering import Renderer
from aiops_daemon.diagnosis.settings_read import blocks_of
from aiops_daemon.domain.evidence import Evidence, Piece, PieceKind
from aiops_daemon.domain.patch import Commit

BUDGET_TOKENS = 25_000
_DIFF_LINES = (60, 50, 40, 40, 30, 30, 25, 25, 20, 20, 20, 20, 16, 16, 16, 16)
_MOST_LISTED = 30
_MOST_TOUCHED_LINES = 40
"""What a commit did to the places found is shown, however low it ranks: it may be the line that makes the symptom."""
_FILES_A_LINE = 3


def evidence_of(found: Findings, renderer: Renderer, zone: tzinfo, budget: int = BUDGET_TOKENS) -> Evidence:
    """Choose, and say why."""
    chosen = Budget(budget)
    chosen.pieces.append(_incident(found, renderer, zone))
    chosen.section(PieceKind.LOG, _log(found, renderer, zone), "L")
    if found.source is not None:
        chosen.section(PieceKind.SOURCE, _sources(found, renderer), "S")
        chosen.section(PieceKind.SETTING, _settings(found, renderer), "E")
        chosen.section(PieceKind.COMMIT, _diffs(found, renderer), "C")
        chosen.section(PieceKind.HISTORY, _rest(found, renderer), "H")
    chosen.section(PieceKind.MEMORY, _memory(found), "M")
    chosen.fill()
    for gap in found.gaps:
        chosen.pieces.append(
            Piece(
                id="",
                kind=PieceKind.GAP,
                title="not looked at",
                why="it could not be had",
                text=renderer.source(gap),
            )
        )
    tokens = sum(tokens_of(piece.text) + tokens_of(piece.title + piece.why) for piece in chosen.pieces)
    return Evidence(pieces=tuple(chosen.pieces), report=report_of(found, renderer, zone), tokens=tokens)


def _incident(found: Findings, renderer: Renderer, zone: tzinfo) -> Piece:
    lines = [
        f"code: {found.code or 'none'}",
        f"called: {renderer.text(found.title)} (what the catalogue calls this code; the records may tell otherwise)"
        if found.code
        else f"title: {renderer.text(found.title)}",
        f"severity: {found.severity}",
        f"count: {found.count}",
    ]
    lines += [f"began: {began_of(found, zone)}"]
    if found.commit:
        lines.append(f"deployed commit: {found.commit}")
    return Piece(
        id="I1",
        kind=PieceKind.INCIDENT,
        title="the incident",
        why="what is asked about",
        text="\n".join(lines),
    )


def _log(found: Findings, renderer: Renderer, zone: tzinfo) -> Iterable[Offer]:
    view = found.view
    own = list({row.number: row for row in [*view.rows[:1], *view.rows[-1:]]}.values())
    if own:
        yield (
            _rows(own, renderer),
            {"title": "its records", "why": "the first and the newest of the incident"},
        )
    for request in view.requests:
        yield (
            _rows(request, renderer),
            {"title": "one request", "why": "a request that failed with it, through all its records"},
        )
    if view.before:
        yield (
            _rows(view.before, renderer),
            {"title": "the seconds before", "why": "what was logged just before the first one"},
        )
    acts = [row for row in view.own_acts if row not in view.before]
    if acts:
        yield (
            _rows(acts, renderer),
            {"title": "what it did by itself", "why": "rare records of no request, in the half hour before"},
        )
    if view.routes:
        failing = [(route, counts) for route, counts in view.routes.items() if counts[1]]
        well = [(route, counts) for route, counts in view.routes.items() if not counts[1]]
        text = "\n".join(
            f"{renderer.text(f'{method} {path}')}: {bad} of {total} requests failed with it"
            for (method, path), (total, bad) in [*failing, *well[:5]]
        )
        yield text, {"title": "which routes", "why": "which requests fail with it, and which don't"}
    if view.rates is not None and len(view.rates.of) > 1:
        yield (
            _over_time(view.rates, zone),
            {"title": "how often", "why": "how often before and after it began"},
        )
    if view.starts:
        yield (
            _rows(view.starts[-3:], renderer),
            {"title": "starts of the program", "why": "a deployment shows itself as a start"},
        )
    if view.others:
        text = "\n".join(
            f"{at:%H:%M:%S} [{code or 'no code'}] {renderer.text(message)[:400]}"
            for message, code, at in view.others
        )
        yield text, {"title": "what else began", "why": "other errors first seen within ten minutes of it"}


def _over_time(rates: Rates, zone: tzinfo) -> str:
    minutes = int(rates.step.total_seconds() // 60)
    lines = [f"in steps of {minutes} minutes:"]
    for rate in rates.of:
        asked = f", {rate.requests} requests of these routes" if rate.requests else ""
        lines.append(f"{rate.since.astimezone(zone):%Y-%m-%d %H:%M} {rate.records} times{asked}")
    return "\n".join(lines)


def _rows(rows: Iterable[Row], renderer: Renderer) -> str:
    return "\n".join(renderer.row(row) for row in rows)


def _sources(found: Findings, renderer: Renderer) -> Iterable[Offer]:
    assert found.source is not None
    shown: list[tuple[str, int, int]] = []
    frames = [line for _, line in found.clues.frames]
    for place in [*found.places, *_changed_by(found)]:
        item = place.item
        text, first, last = rendering.source(found.source, item, frames)
        if any(path == item.path and start <= first and last <= end for path, start, end in shown):
            continue
        shown.append((item.path, first, last))
        yield (
            renderer.source(text),
            {
                "title": f"{item.path}:{first}-{last}" + (f" {item.label}" if item.label else ""),
                "why": "; ".join(place.whys[:3]),
                "path": item.path,
                "start_line": first,
                "end_line": last,
            },
        )


def _changed_by(found: Findings) -> Iterable[Place]:
    """What the best suspects changed, where nothing else led there."""
    assert found.source is not None
    known = {place.item for place in found.places}
    for suspect in found.suspects[:8]:
        for change in suspect.commit.changes:
            if (
                change.path is None
                or change.path not in found.source.snapshot.files
                or suspect.paths.get(change.path or "", 0.0) <= 0
            ):
                continue
            for hunk in change.hunks[:6]:
                item = found.source.function_at(change.path, max(1, hunk.new_start))
                if item is not None and item not in known:
                    known.add(item)
                    yield Place(item, whys=[f"changed by the suspect {suspect.commit.sha[:10]}"])


def _settings(found: Findings, renderer: Renderer) -> Iterable[Offer]:
    """The sections of settings files, then where the rest is set."""
    assert found.source is not None
    files = found.source.snapshot.files
    for block in blocks_of(found.source, found.settings):
        lines = files[block.path].lines
        yield (
            renderer.source(
                "\n".join(
                    f"{number:>5} {renderer.source(lines[number - 1])[:200]}"
                    for number in range(block.first_line, block.last_line + 1)
                )
            ),
            {
                "title": f"{block.path}:{block.first_line}-{block.last_line}",
                "why": f"sets {', '.join(block.names[:4])}, read by {', '.join(block.readers[:3])}",
                "path": block.path,
                "start_line": block.first_line,
                "end_line": block.last_line,
            },
        )
    for setting in found.settings:
        hits = [hit for hit in setting.lines if not files[hit.path].is_settings][:6]
        if hits:
            text = "\n".join(
                f"{hit.path}:{hit.line} {renderer.source(hit.text.strip())[:200]}" for hit in hits
            )
            yield (
                renderer.source(text),
                {"title": setting.name, "why": f"read by {', '.join(setting.readers[:3])}"},
            )


def _diffs(found: Findings, renderer: Renderer) -> Iterable[Offer]:
    for rank, suspect in enumerate(found.suspects):
        if suspect.score <= 0:
            return
        commit = suspect.commit
        touched = sum(2 + len(hunk.removed) + len(hunk.added) for hunk in suspect.hunks)
        least = _DIFF_LINES[rank] if rank < len(_DIFF_LINES) else 12
        most = max(least, min(_MOST_TOUCHED_LINES, touched + 2))
        yield (
            renderer.source(rendering.diff(commit, suspect.paths, most, suspect.hunks)),
            {
                "title": f"{commit.sha[:12]} {commit.committed_at:%Y-%m-%d %H:%M} {renderer.source(commit.subject)[:100]}",
                "why": "; ".join(suspect.reasons[:4]),
                "sha": commit.sha,
                "has_diff": True,
            },
        )


def _rest(found: Findings, renderer: Renderer) -> Iterable[Offer]:
    since = found.view.last_good_at
    newer = [commit for commit in found.commits if since and commit.committed_at >= since]
    older = [commit for commit in found.commits if not since or commit.committed_at < since]
    for commits, title, why in (
        (
            newer,
            "committed since",
            "everything committed since these requests last worked; when it was deployed is not known from this",
        ),
        (older, "the latest before that" if newer else "the latest commits", "what was deployed lately"),
    ):
        if commits:
            yield renderer.source("\n".join(map(_line, commits[:_MOST_LISTED]))), {"title": title, "why": why}


def _line(commit: Commit) -> str:
    """A commit in one line, with the files it changed."""
    paths = [change.path or change.old_path or "" for change in commit.changes]
    more = f" and {len(paths) - _FILES_A_LINE} more" if len(paths) > _FILES_A_LINE else ""
    return rendering.clean(
        f"{commit.sha[:10]} {commit.committed_at:%Y-%m-%d %H:%M} {commit.subject[:80]}: "
        f"{', '.join(path[-60:] for path in paths[:_FILES_A_LINE])}{more}"
    )


def _memory(found: Findings) -> Iterable[Offer]:
    for incident, text in found.similar:
        yield text, {"title": f"incident {incident.id}: {incident.title}", "why": "it was like this one"}
