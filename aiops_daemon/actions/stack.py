"""A stack trace -> the few frames of it that are the team's own code: the rest is the same every night."""

from __future__ import annotations

import re

MAX_FRAMES = 4
_MAX_OTHER_LINES = 6

_RUST_FRAME = re.compile(r"\s{0,8}\d{1,4}: (?P<symbol>\S.*)")
_PLACE = re.compile(r"\s+at (?P<place>\S.*)")
_FRAME = re.compile(r"""\s*at \S|\s*File ".*", line \d|\s+\S+\(.*\.(?:java|kt|scala):\d+\)""")
_PYTHON_TRACEBACK = "Traceback (most recent call last):"
_PYTHON_CHAIN = ("The above exception was", "During handling of the above")
_PYTHON_FRAMES = 2
_PANICKING = ("core::panicking", "std::panicking", "rust_begin_unwind", "__rustc::rust_begin_unwind")
_RUNTIME = (
    *_PANICKING, "std::", "core::", "alloc::", "<alloc::", "<core::", "<std::", "__rust", "rust_", "tokio::", "<tokio::",
    "futures_util::", "hyper::", "hyper_util::", "tower::", "axum::", "<axum::", "tracing::", "<tracing::", "start_thread",
    "clone", "__libc_start", "_start", "main", "backtrace::", "<unknown>",
)  # fmt: skip
_RUNTIME_PLACES = (
    "/rustc/", "/.cargo/registry/", "/.rustup/", "node:internal", "node_modules/", "java.base/", "site-packages/",
    "dist-packages/", "(internal/", "<anonymous>", "/lib/python", "sun.reflect.", "org.springframework.", "org.apache.",
)  # fmt: skip
_BOILERPLATE = ("stack backtrace:", "note: run with `RUST_BACKTRACE", "note: Some details are omitted")


def condensed(text: str) -> str:
    """The text with its stack trace cut down to the team's own frames; a text without one stays as it is."""
    lines = text.strip("\n").split("\n")
    lines = [line for line in lines if not line.strip().startswith(_BOILERPLATE)]
    if sum(_RUST_FRAME.fullmatch(line) is not None for line in lines) > 1:
        return "\n".join(_rust(lines))
    if any(line.strip() == _PYTHON_TRACEBACK for line in lines):
        return "\n".join(_python(lines))
    if sum(_FRAME.match(line) is not None for line in lines) > 1:
        return "\n".join(_other(lines))
    return "\n".join(lines)


def _rust(lines: list[str]) -> list[str]:
    words: list[str] = []
    frames: list[tuple[str, str]] = []
    for line in lines:
        if frame := _RUST_FRAME.fullmatch(line):
            frames.append((frame["symbol"], ""))
        elif frames and (place := _PLACE.fullmatch(line)):
            frames[-1] = (frames[-1][0], place["place"])
        elif not frames:
            words.append(line)
    started = [
        index
        for index, (symbol, _) in enumerate(frames)
        if symbol.startswith(_PANICKING[:1] + _PANICKING[2:])
    ]
    called = frames[started[-1] + 1 :] if started else frames
    own = [frame for frame in called if not _is_runtime(*frame)] or called
    return words + [f"  at {symbol}  {place}".rstrip() for symbol, place in own[:MAX_FRAMES]]


def _is_runtime(symbol: str, place: str) -> bool:
    return symbol.startswith(_RUNTIME) or any(part in place for part in _RUNTIME_PLACES)


def _python(lines: list[str]) -> list[str]:
    """Python names the innermost frame and the exception last; people want them first."""
    before: list[str] = []
    raised: list[str] = []
    frames: list[list[str]] = []
    for line in lines:
        if line.strip() == _PYTHON_TRACEBACK:
            before, raised, frames = before + raised, [], []
        elif line.startswith("  File "):
            frames.append([line])
        elif frames and line.startswith("    "):
            frames[-1].append(line)
        elif line.strip() and not line.startswith(_PYTHON_CHAIN):
            raised.append(line)
    own = [frame for frame in frames if not any(part in frame[0] for part in _RUNTIME_PLACES)] or frames
    innermost = [line for frame in own[: -_PYTHON_FRAMES - 1 : -1] for line in frame[:2]]
    return raised[:_MAX_OTHER_LINES] + innermost + before[:_MAX_OTHER_LINES]


def _other(lines: list[str]) -> list[str]:
    kept: list[str] = []
    frames = others = 0
    for line in lines:
        if _FRAME.match(line):
            if frames < MAX_FRAMES and not any(part in line for part in _RUNTIME_PLACES):
                frames += 1
                kept.append(f"  {line.strip()}")
        elif others < _MAX_OTHER_LINES:
            others += 1
            kept.append(line)
    return kept
