"""`aiops-daemon doctor`."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace

from aiops_daemon import cli
from aiops_daemon.actions.hygiene import one_line
from aiops_daemon.cli.output import configuration, console, print_json
from aiops_daemon.redaction import Redactor


def main(arguments: argparse.Namespace) -> int:
    """Try everything, and say what to do."""
    loaded = configuration(arguments)
    from aiops_daemon.doctor import examine
    from aiops_daemon.doctor.account import account

    out = console()
    mask = Redactor(loaded.settings.secrets.all_values()).mask
    checks = []
    for found in examine(loaded, account()):
        check = replace(found, detail=mask(one_line(found.detail)), remedy=mask(one_line(found.remedy)))
        checks.append(check)
        if arguments.json:
            continue
        out.print("ok  " if check.ok else "FAIL", style="green" if check.ok else "bold red", end="")
        out.print(f"  {check.check}: {check.detail}")
        if check.remedy:
            out.print(f"      -> {check.remedy}", style="yellow")
    wrong = sum(not check.ok for check in checks)
    if arguments.json:
        print_json([asdict(check) for check in checks])
    else:
        out.print(
            f"{len(checks) - wrong} of {len(checks)} are well" + ("" if wrong else "; nothing is to be done")
        )
    return cli.NO if wrong else cli.OK
