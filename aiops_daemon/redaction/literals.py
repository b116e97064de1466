"""Secrets that somebody wrote into source code or a configuration file: literals under a name that says so.

Source is full of `token = read(...)` and `mysql://app:${DB_PASSWORD}@db`, so only a value that is written out, and looks like one, has
to go.
"""

from dataclasses import replace
from typing import Final

from aiops_daemon.redaction import checks
from aiops_daemon.redaction.credentials import IN_URLS
from aiops_daemon.redaction.patterns import Check, Shape, compiled

_HINTS: Final = ("secret", "passw", "pwd", "key", "token", "credential")
_NAME: Final = (
    rb"(?im)(?:secret|passw(?:or)?d|pwd|(?:api|private|access|signing|encryption)_?key|token|credentials?)"
    rb"(?:_(?:key|value|salt|default))?"
)
_NAMES: Final = compiled(rb"^(?:[A-Z][A-Z_]*[0-9]{0,5}|[A-Za-z_]+(?:\.[A-Za-z_]+)+)$")


def _is_secret(data: bytes, start: int, end: int) -> bool:
    value = data[start:end]
    return checks.looks_random(data, start, end) and b"://" not in value and _NAMES.search(value) is None


def _is_written_out(check: Check | None) -> Check:
    def judge(data: bytes, start: int, end: int) -> bool:
        return data[start : start + 1] not in {b"$", b"{", b"%"} and (
            check is None or check(data, start, end)
        )

    return judge


LITERALS: Final = (
    # const JWT_SECRET: &str = "..."; password: "...", "api_key" => "..."
    Shape(
        kind="SECRET",
        hints=_HINTS,
        pattern=compiled(
            _NAME
            + rb"[\"']?(?:[ \t]*:[ \t]*&?[\w<>' ]{1,40})?[ \t]*(?:=>?|:)[ \t]*b?r?[\"']([^\"'\s<>{}$]{8,})(?:[\"']|$)"
        ),
        check=_is_secret,
    ),
    # .env and YAML: JWT_SECRET=..., db_password: ...
    Shape(
        kind="SECRET",
        hints=_HINTS,
        pattern=compiled(
            rb"(?m)^[+\- \t0-9]*(?:export[ \t]+)?\w*"
            + _NAME
            + rb"[ \t]*[=:][ \t]*([^\s\"'<>{}$()\[\];,&]{8,})[ \t]*$"
        ),
        check=_is_secret,
    ),
    *(replace(shape, check=_is_written_out(shape.check)) for shape in IN_URLS),
)
