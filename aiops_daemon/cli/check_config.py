"""`aiops-daemon check-config`."""

from __future__ import annotations

import argparse

from aiops_daemon import cli
from aiops_daemon.cli.output import complain, print_json
from aiops_daemon.settings import ConfigurationError, load


def main(arguments: argparse.Namespace) -> int:
    """Say whether the configuration is valid, and everything that is wrong with it."""
    try:
        loaded = load(arguments.config)
    except ConfigurationError as error:
        if arguments.json:
            problems = [
                {
                    "file": found.file,
                    "line": found.line,
                    "key": found.key,
                    "wrong": found.wrong,
                    "allowed": found.allowed,
                }
                for found in error.problems
            ]
            print_json({"ok": False, "path": None, "problems": problems, "warnings": []})
        else:
            for problem in error.problems:
                complain(str(problem))
        return cli.CONFIG
    if arguments.json:
        print_json(
            {
                "ok": True,
                "path": str(loaded.path) if loaded.path else None,
                "problems": [],
                "warnings": list(loaded.warnings),
            }
        )
        return cli.OK
    for warning in loaded.warnings:
        complain(f"warning: {warning}")
    print(f"{loaded.path or 'the defaults'}: valid")  # noqa: T201
    return cli.OK
