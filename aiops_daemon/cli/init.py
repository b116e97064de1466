"""`aiops-daemon init`: a valid, annotated configuration from a few answers. Never a secret: those have other places."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from aiops_daemon import cli
from aiops_daemon.cli import CommandError
from aiops_daemon.cli.interview import Answers, Question, ask, open_questions, questions, settings_of
from aiops_daemon.cli.output import complain, print_json
from aiops_daemon.cli.placing import check, check_place, put
from aiops_daemon.settings import DEFAULT_PATH, ConfigurationError, Mode, Settings, load
from aiops_daemon.settings import environment as variables
from aiops_daemon.settings.annotated import annotated

_STATE = "/var/lib/aiops-daemon"
_CREDENTIALS = "/etc/aiops-daemon/credentials"

_NEXT = """
Next:
  1. Put the webhook's URL (Discord: channel settings, Integrations, Webhooks) where only root can read it,
       install -D -m 600 /dev/stdin {credentials}/discord_webhook_url
     (paste it, Enter, Ctrl-D), or in the variable DISCORD_WEBHOOK_URL. Without one, messages are printed.{likewise}
  2. aiops-daemon doctor{option}
  3. {start}"""


def main(arguments: argparse.Namespace) -> int:
    """Ask what no flag says, write the file, and say what to do next."""
    target = _target(arguments)
    if target is None and arguments.json:
        raise CommandError(cli.USAGE, "--json and --output - both want standard output")
    asked = questions(is_installed=target == DEFAULT_PATH)
    answers = _flags(asked, arguments)
    told = set() if arguments.yes else _interview(asked, answers, target, force=arguments.force)
    for question in open_questions(asked, answers):
        answers[question.variable] = question.offer(settings_of(answers))
    if target == DEFAULT_PATH and os.geteuid() == 0:
        answers["AIOPS_STATE__DIRECTORY"] = _STATE  # systemd would say so, but `status` is called without it
    settings = settings_of(answers)
    # An empty answer is the default of every key that may be empty.
    text = annotated(variables.read({name: answer for name, answer in answers.items() if answer}).values)
    if target is None:
        check(text, told_as="standard output")
        sys.stdout.write(text)
        was_written, kept = False, None
    else:
        was_written, kept = put(target, text, force=arguments.force)
    warnings = [warning for question in asked for warning in question.look(settings)]
    warnings.extend(_about_place(target, settings))
    if arguments.json:
        print_json({"path": str(target), "written": was_written, "warnings": warnings})
        return cli.OK
    for warning in warnings:
        if warning not in told:
            complain(f"warning: {warning}")
    if target is not None:
        print(f"{target} {'is written' if was_written else 'is there already, just like that'}")  # noqa: T201
        if kept:
            print(f"The one before is kept as {kept}")  # noqa: T201
        print(_what_next(target, settings))  # noqa: T201
    return cli.OK


def _target(arguments: argparse.Namespace) -> Path | None:
    """The file to write; None is standard output."""
    if arguments.output == "-":
        return None
    if arguments.output is not None:
        return Path(arguments.output)
    return arguments.config or Path(os.environ.get(variables.CONFIG_VARIABLE) or DEFAULT_PATH)


def _flags(asked: tuple[Question, ...], arguments: argparse.Namespace) -> Answers:
    """The answers that stand in the call.

    Raises:
        CommandError: one of them is not possible; says all that aren't.
    """
    flags = {question.variable: question.flag for question in asked}
    answers = {name: given for name, flag in flags.items() if (given := getattr(arguments, flag)) is not None}
    try:
        settings_of(answers)
    except ConfigurationError as error:
        lines = [
            str(replace(problem, file=f"--{flags[problem.file or '']}", key="")) for problem in error.problems
        ]
        raise CommandError(cli.USAGE, *lines) from None
    return answers


def _interview(
    asked: tuple[Question, ...], answers: Answers, target: Path | None, *, force: bool
) -> set[str]:
    """Ask everything that is open; gives back the warnings that were told on the way."""
    missing = [f"--{question.flag}" for question in open_questions(asked, answers)]
    if not missing:
        return set()
    if not sys.stdin.isatty():
        raise CommandError(
            cli.USAGE,
            f"there is no terminal to ask on; give {', '.join(missing)}, or --yes for what is offered",
        )
    if target is not None:
        check_place(target, force=force)
    place = target or "standard output"
    sys.stderr.write(f"For {place}. Enter takes what stands in brackets, Ctrl-C ends it without a trace.\n\n")
    told = ask(asked, answers)
    sys.stderr.write("\n")
    return told


def _about_place(target: Path | None, settings: Settings) -> Iterator[str]:
    """What could surprise people when this very file is used, here."""
    if target == DEFAULT_PATH and not settings.logs.directory.is_absolute():
        yield f"logs.directory: {settings.logs.directory} is below /, where systemd starts the daemon"
    if target is not None:
        try:
            yield from load(target).warnings
        except ConfigurationError as error:
            yield from map(str, error.problems)


def _what_next(target: Path, settings: Settings) -> str:
    others = ["anthropic_api_key"] if settings.mode is not Mode.OBSERVE else []
    others += ["github_token"] if settings.mode in {Mode.PROPOSE, Mode.FIX} else []
    option = "" if target == DEFAULT_PATH else f" --config {shlex.quote(str(target))}"
    return _NEXT.format(
        credentials=_CREDENTIALS,
        likewise=f"\n     Likewise {' and '.join(others)}." if others else "",
        option=option,
        start="systemctl start aiops-daemon" if target == DEFAULT_PATH else f"aiops-daemon run{option}",
    )
