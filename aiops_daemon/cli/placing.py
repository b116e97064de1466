"""Puts a configuration file in place: whole or not at all, checked before, and never over one that somebody wrote."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aiops_daemon import cli
from aiops_daemon.cli import CommandError
from aiops_daemon.settings import ConfigurationError, load
from aiops_daemon.settings.annotated import SHIPPED, annotated

_FOR_EVERYBODY = 0o644
"""No secret is in it, and the daemon runs as another user than the one who writes it."""


def is_there(target: Path) -> CommandError:
    """Why nothing is written where something is."""
    return CommandError(
        cli.NO, f"{target} is there already and stays as it is; --force replaces it, and keeps the old one"
    )


def check_place(target: Path, *, force: bool) -> None:
    """Find out before anybody is asked anything.

    Raises:
        CommandError: nothing could be written there, whatever the answers.
    """
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if target.exists() and not force and not _is_as_shipped(target):
            raise is_there(target)
        nearest = next(above for above in Path(os.path.realpath(target)).parents if above.exists())
        if not nearest.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _not_written(target, error) from None


def put(target: Path, text: str, *, force: bool) -> tuple[bool, Path | None]:
    """Put a file in place.

    Returns:
        Whether anything was written, and where the file is kept that stood there.

    Raises:
        CommandError: another one is there, it is not valid, or it can't be written.
    """
    try:
        return _put(target, text, force=force)
    except OSError as error:
        raise _not_written(target, error) from None


def check(text: str, *, told_as: str) -> None:
    """Load the text as a configuration.

    Raises:
        CommandError: it is not valid; says every error, as `check-config` would.
    """
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "config.toml"
        path.write_text(text, encoding="utf-8")
        _check(path, told_as)


def _put(target: Path, text: str, *, force: bool) -> tuple[bool, Path | None]:
    place = Path(os.path.realpath(target))  # where a link leads, so that it stays one
    is_old = place.exists()
    if is_old and place.read_bytes() == text.encode():
        return False, None
    if is_old and not force and not _is_as_shipped(place):
        raise is_there(target)
    if not place.parent.exists():
        umask = os.umask(0o022)  # the daemon's user must get through, whatever the umask of the one who calls
        try:
            place.parent.mkdir(parents=True)
        finally:
            os.umask(umask)
    with _beside(place, text) as whole:
        _check(whole, str(target))
        kept = _kept(place) if is_old else None
        whole.replace(place)
    directory = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return True, kept


def _is_as_shipped(target: Path) -> bool:
    """Whether nobody wrote anything into it since it was installed."""
    return target.read_bytes() == annotated(SHIPPED).encode()


@contextlib.contextmanager
def _beside(place: Path, text: str) -> Iterator[Path]:
    """The text in a file of the same directory, on the disk; it is gone afterwards, unless it was moved."""
    number, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    path = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(number, _FOR_EVERYBODY)
            os.fsync(number)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _kept(place: Path) -> Path:
    """A second name for the old file, with its mode: there may be secrets in it."""
    kept = place.with_name(f"{place.name}.bak-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    kept.hardlink_to(place)
    return kept


def _check(path: Path, told_as: str) -> None:
    try:
        load(path, environ={})
    except ConfigurationError as error:
        raise CommandError(
            cli.CONFIG, *(str(replace(problem, file=told_as)) for problem in error.problems)
        ) from None


def _not_written(target: Path, error: OSError) -> CommandError:
    why = (error.strerror or str(error)).lower()
    hint = "; try it as root, or --output FILE" if isinstance(error, PermissionError) else ""
    return CommandError(cli.NO, f"{target} can't be written: {why}{hint}")
