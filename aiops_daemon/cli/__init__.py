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
from datetime import timedelta
from pathlib import Path

from aiops_daemon import __version__

OK, NO, USAGE, NO_INPUT, UNAVAILABLE, HELD, CONFIG = 0, 1, 2, 66, 69, 75, 78

_EPILOG = """\
exit codes: 0 done, 1 the answer is no, 2 usage, 66 an input file can't be read,
            69 something remote is unavailable, 75 another instance holds the state, 78 configuration

Without --config and AIOPS_CONFIG, /etc/aiops-daemon/config.toml is read if it is there; an empty
configuration is valid: it watches ./logs, keeps its state in ./var/state and prints to the terminal.
"""

_ANSWERS = (
    ("language", "en|ko", "language of messages"),
    ("service", "NAME", "name of the watched service"),
    ("environment", "NAME", "where it runs, such as staging"),
    ("logs", "DIRECTORY", "directory of its log files"),
    ("include", "GLOBS", "which files there, such as 'server.*.log'; commas between several"),
    ("timezone", "ZONE", "time zone of the times in messages, such as Asia/Seoul"),
    ("mode", "MODE", "how far it may go: observe, diagnose, propose or fix"),
    ("repository", "OWNER/NAME", "the GitHub repository, for propose and fix"),
    ("clone", "DIRECTORY", "a local clone of it, only ever read"),
    ("mention", "WHOM", "whom a critical alert calls: the id of a role, or here"),
)
"""What `init` asks, as flags."""


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
        sub.set_defaults(module=module, function="main")
        return sub

    command("run", "run", "the daemon, in the foreground (what the systemd unit starts)", shared)
    started = command("init", "init", "ask a few questions and write an annotated configuration", printing)
    for flag, metavar, help_line in _ANSWERS:
        started.add_argument(f"--{flag}", metavar=metavar, help=help_line)
    started.add_argument(
        "--yes", action="store_true", help="no questions: what they would offer, where no flag says"
    )
    started.add_argument(
        "--output", metavar="FILE", help="where to; default: the configuration; - is standard output"
    )
    started.add_argument(
        "--force", action="store_true", help="replace another file, and keep it as FILE.bak-<time>"
    )
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
    command(
        "doctor",
        "doctor",
        "try every credential, path, tool and permission for real, and say what to do",
        printing,
    )
    copied = command("backup", "backup", "copy the state now, while the daemon runs or not", printing)
    copied.add_argument("--list", action="store_true", help="list the copies instead")
    restored = command(
        "restore",
        "backup",
        "make a copy the state; the daemon must not run, and the present state is set aside",
        printing,
    )
    restored.set_defaults(function="restore")
    restored.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="the copy; default: the newest (`backup --list`)"
    )
    command(
        "report-failure",
        "report_failure",
        "tell people that systemd gave the daemon up (what OnFailure= of the unit starts)",
        shared,
    )
    for name, help_line in (
        ("context", "exactly what would be sent to Claude for an incident"),
        ("diagnose", "ask Claude for the cause of an incident now, within the budgets"),
    ):
        asked = command(name, name, help_line, printing)
        asked.add_argument("id", type=int, nargs="?", metavar="ID", help="an incident of the state")
        asked.add_argument(
            "--log", nargs="+", type=Path, metavar="FILE", help="look at these log files, not at the state"
        )
        asked.add_argument("--code", help="with --log: only incidents with this error code")
        asked.add_argument(
            "--contains", metavar="TEXT", help="with --log: only incidents whose records hold this text"
        )
    marked = command(
        "mark",
        "mark",
        "say whether the diagnosis of an incident was right; a wrong one is not recalled",
        printing,
    )
    marked.add_argument("id", type=int, metavar="ID", help="the incident's number")
    marked.add_argument("verdict", choices=["right", "wrong"], help="what it was")
    scored = command(
        "scorecard",
        "scorecard",
        "what people were told and spared, how right the diagnoses were, issues and their fate, money",
        printing,
    )
    scored.add_argument(
        "--since",
        type=_span,
        default=timedelta(days=7),
        metavar="TIME",
        help="so far back, such as 24h or 30d; default: 7d",
    )
    judged = command(
        "eval",
        "eval",
        "how much of the truth is found, and with a key how right Claude is, over scenarios with known truth",
        printing,
    )
    judged.add_argument("directory", type=Path, metavar="DIRECTORY", help="of scenarios, or one scenario")
    judged.add_argument(
        "--evidence-only", action="store_true", help="ask nobody, though there is a key, and spend nothing"
    )
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


def _span(text: str) -> timedelta:
    """A time such as 7d."""
    from aiops_daemon.settings.kinds import span_of

    try:
        return span_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    arguments = parser().parse_args(argv)
    module = importlib.import_module(f"aiops_daemon.cli.{arguments.module}")
    # Where a reader goes away, the others have said enough; `run` has an end of its own, or none that is well.
    code: int = NO if arguments.command == "run" else OK
    try:
        code = getattr(module, arguments.function)(arguments)
        sys.stdout.flush()
    except CommandError as error:
        for line in error.lines:
            sys.stderr.write(f"aiops-daemon: {line}\n")
        return error.code
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code
    except KeyboardInterrupt:
        return 130
    return code
