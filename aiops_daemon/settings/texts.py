"""Kinds of texts: names, globs, paths, time zones, repositories, branches. Syntax only: no file is opened here."""

import re
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from aiops_daemon.domain import error_code
from aiops_daemon.settings.kinds import refuse, shown

_OWNER_AND_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}")
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})(?:\[bot\])?")
_BRANCH_REFUSES = re.compile(r"\.\.|//|@\{|[ ~^:?*\[\\\x00-\x1f\x7f]")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}")


def plain(value: object, allowed: str) -> str:
    """A text of one line without control characters, or the error."""
    if not isinstance(value, str):
        raise refuse(f"{shown(value)} is not a text", allowed)
    if not value.isprintable():
        raise refuse(
            f"{shown(value)} holds a line break or another character that cannot be printed", allowed
        )
    return value


def line(*, at_most: int, empty: bool = False, without: str = "") -> Callable[[object], str]:
    """A single line of text, of a bounded length."""
    allowed = f"a text of {0 if empty else 1} to {at_most} characters" + (
        f" without {without!r}" if without else ""
    )

    def check(value: object) -> str:
        text = plain(value, allowed)
        if not text.strip() and not empty:
            raise refuse("it is empty", allowed)
        if len(text) > at_most:
            raise refuse(f"{shown(text)} is too long", allowed)
        if without and without in text:
            raise refuse(f"{shown(text)} holds {without!r}", allowed)
        return text

    return check


def relative(value: object) -> str:
    """A glob or path below a directory that another key names, so it may not leave that directory."""
    allowed = 'a path or glob below the directory, such as "server.*.log" or "src/**"'
    text = plain(value, allowed)
    if not text:
        raise refuse("it is empty", allowed)
    if text.startswith(("/", "~")):
        raise refuse(f"{shown(text)} is not relative", allowed)
    if ".." in text.split("/"):
        raise refuse(f'{shown(text)} leaves the directory with ".."', allowed)
    return text


def directory(value: object) -> Path:
    """A path; a relative one is relative to the working directory."""
    allowed = "a path, absolute or relative to the working directory"
    text = plain(str(value) if isinstance(value, Path) else value, allowed)
    if not text:
        raise refuse("it is empty", allowed)
    if text.startswith("~"):
        raise refuse(f'{shown(text)} begins with "~", which only a shell understands', allowed)
    return Path(text)


def optional_directory(value: object) -> Path | None:
    """A path, or None for the empty text."""
    return None if value is None or value == "" else directory(value)


def time_zone(value: object) -> str:
    """A name of the IANA time zone database."""
    allowed = 'a name of the time zone database, such as "UTC" or "Asia/Seoul"'
    text = plain(value, allowed)
    if text == "UTC":  # holds on machines without the database, too
        return text
    try:
        zoneinfo.ZoneInfo(text)
    except (ValueError, KeyError, OSError):  # "Asia" is a directory of that database
        raise refuse(f"{shown(text)} is not known", allowed) from None
    return text


def repository(value: object) -> str:
    """A GitHub repository, or the empty text."""
    allowed = '"owner/name", or "" for none'
    text = plain(value, allowed)
    if text and (not _OWNER_AND_NAME.fullmatch(text) or text.endswith(("/.", "/..", ".git"))):
        raise refuse(f"{shown(text)} is not a repository's name", allowed)
    return text


def login(value: object) -> str:
    """Who has an account on GitHub."""
    allowed = "a GitHub login, without the @"
    text = plain(value, allowed)
    if not _LOGIN.fullmatch(text):
        raise refuse(f"{shown(text)} is not a login", allowed)
    return text


def branch(value: object) -> str:
    """A branch name by the rules of git-check-ref-format(1), and none that could be taken for an option."""
    allowed = 'a branch name, such as "main"'
    text = plain(value, allowed)
    parts = text.split("/")
    bad_part = any(not part or part.startswith(".") or part.endswith((".", ".lock")) for part in parts)
    if bad_part or text.startswith("-") or text == "@" or _BRANCH_REFUSES.search(text):
        raise refuse(f"{shown(text)} is not a branch name", allowed)
    return text


def mention(value: object) -> str:
    """Whom a Discord message calls: a role, everybody who is here, or nobody."""
    allowed = 'the digits of a role id, "here", or "" for nobody'
    text = plain(value, allowed)
    if text in {"", "here"} or re.fullmatch(r"[0-9]{15,22}", text):
        return text
    raise refuse(f"{shown(text)} cannot be mentioned", allowed)


def model_id(value: object) -> str:
    """The id of a Claude model; whether it has a price is asked where the prices are."""
    allowed = 'a model id, such as "claude-sonnet-5-5"'
    text = plain(value, allowed)
    if not _MODEL.fullmatch(text):
        raise refuse(f"{shown(text)} is not a model id", allowed)
    return text


def optional_model_id(value: object) -> str:
    """The id of a Claude model, or the empty text."""
    return "" if value == "" else model_id(value)


def code_name(value: object) -> str:
    """An error code, as the name of a row of the catalogue."""
    if isinstance(value, str) and error_code.parse(value):
        return value
    raise refuse(
        f"{shown(value)} is not an error code",
        "upper-case letters, then 4 or 5, then 2 or 3 digits, such as PAY5001",
    )


Name = Annotated[str, BeforeValidator(line(at_most=100))]
OptionalText = Annotated[str, BeforeValidator(line(at_most=500, empty=True))]
Argument = Annotated[str, BeforeValidator(line(at_most=1000))]
Label = Annotated[str, BeforeValidator(line(at_most=50, without=","))]
Login = Annotated[str, BeforeValidator(login)]
Relative = Annotated[str, BeforeValidator(relative)]
Directory = Annotated[Path, BeforeValidator(directory)]
OptionalDirectory = Annotated[Path | None, BeforeValidator(optional_directory)]
TimeZone = Annotated[str, BeforeValidator(time_zone)]
Repository = Annotated[str, BeforeValidator(repository)]
Branch = Annotated[str, BeforeValidator(branch)]
Mention = Annotated[str, BeforeValidator(mention)]
ModelId = Annotated[str, BeforeValidator(model_id)]
OptionalModelId = Annotated[str, BeforeValidator(optional_model_id)]
CodeName = Annotated[str, BeforeValidator(code_name)]
