"""`aiops-daemon redact`."""

from __future__ import annotations

import argparse
import io
import sys

from aiops_daemon import cli
from aiops_daemon.cli.output import configuration
from aiops_daemon.redaction import Placeholders, Redactor

_WITHHELD = "(withheld: it could not be redacted)"


def main(arguments: argparse.Namespace) -> int:
    """Redact standard input, line for line."""
    loaded = configuration(arguments)
    redactor = Redactor(loaded.settings.secrets.all_values())
    names = Placeholders.fresh()
    source = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace", newline="\n")
    for line in source:
        ending = "\n" if line.endswith("\n") else ""
        try:
            redacted = redactor.text(line.removesuffix("\n"), names)
        except Exception:  # noqa: BLE001 - fails closed: whatever went wrong, the line stays here
            redacted = _WITHHELD
        sys.stdout.write(redacted + ending)
    return cli.OK
