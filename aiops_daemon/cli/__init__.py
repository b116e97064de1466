"""Arguments in, exit code out. A command's own module is imported only when it is called, so that --help is quick.

Exit codes: 0 done, 1 the answer is no, 2 usage, 66 an input file can't be read, 69 something remote is unavailable,
75 another instance holds the state, 78 configuration.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aiops_daemon import __version__

OK, NO, USAGE, NO_INPUT, UNAVAILABLE, HELD, CONFIG = 0, 1, 2, 66, 69, 75, 78

_EPILOG = """\
exit codes: 0 done, 1 the answer is no, 2 usage, 66 an input file can't be read,
            69 something remote is unavailable, 75 another instance holds the state, 78 configuration

Without --config and AIOPS_CONFIG, /etc/aiops-daemon/config.toml is read if it is there; an empty
configuration is valid: it watches ./logs, keeps its state in ./var/state and prints to the terminal.
"""


class CommandError(Exception):
    """What a command can't do: a line for people for each thing that is wrong, and the exit code."""

    def __init__(self, code: int, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.code = code
        self.lines = lines


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(
        prog="aiops-daemon",
        description="Watches a server's logs: errors become incidents, and people read one living message for each.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"aiops-daemon {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", type=Path, metavar="FILE", help="the configuration (TOML)")
    printing = argparse.ArgumentParser(add_help=False, parents=[shared])
    printing.add_argument("--json", action="store_true", help="print one JSON value")

    def command(
        name: str, module: str, help_line: str, parent: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_line, description=help_line, parents=[parent])
        sub.set_defaults(module=module)
        return sub

    command("run", "run", "the daemon, in the foreground (what the systemd unit starts)", shared)
    command(
        "check-config",
        "check_config",
        "say whether the configuration is valid, with every error in it",
        printing,
    )
    command(
        "status", "status", "mode, files and how far behind, incidents, jobs, budgets, last reload", printing
    )
    listed = command(
        "incidents", "incidents", "the incidents that are not resolved, the worst first", printing
    )
    listed.add_argument("--all", action="store_true", help="the resolved ones, too")
    shown = command(
        "show", "show", "one incident: events, history, jobs, and why anything was held back", printing
    )
    shown.add_argument("id", type=int, metavar="ID", help="the incident's number, as `incidents` prints it")
    replayed = command(
        "replay",
        "replay",
        "what would happen for these logs, on the log's own clock; sends and stores nothing",
        printing,
    )
    replayed.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a log file; several are read in this order"
    )
    replayed.add_argument(
        "--mode",
        choices=["observe", "diagnose", "propose", "fix"],
        help="as if the mode were this; default: as configured",
    )
    command(
        "redact",
        "redact",
        "standard input to standard output, line for line, as it would leave the machine",
        shared,
    )
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    arguments = parser().parse_args(argv)
    module = importlib.import_module(f"aiops_daemon.cli.{arguments.module}")
    try:
        code: int = module.main(arguments)
        sys.stdout.flush()
    except CommandError as error:
        for line in error.lines:
            sys.stderr.write(f"aiops-daemon: {line}\n")
        return error.code
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return 130
    return code
