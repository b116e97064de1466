"""What `init` asks: each question, what Enter takes, and what is seen in the answer.

An answer is read as the environment's value of its key is read, by `load` itself, so that nothing is taken here which
the configuration would refuse, and the complaint is the same. A secret is never asked for.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aiops_daemon import cli
from aiops_daemon.cli import CommandError, surroundings
from aiops_daemon.settings import ConfigurationError, Settings, load

Answers = dict[str, str]
"""By the variable that would set the same key."""


def _nothing(_: Settings) -> Iterator[str]:
    return iter(())


def _always(_: Settings) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question, which a flag may have answered."""

    flag: str
    variable: str
    text: str
    offer: Callable[[Settings], str]
    """What Enter takes, by the answers so far; empty = none."""
    is_asked: Callable[[Settings], bool] = _always
    look: Callable[[Settings], Iterator[str]] = _nothing
    """What people should know about the answer, though it is valid."""


def settings_of(answers: Mapping[str, str]) -> Settings:
    """The configuration that these answers make; nothing else is looked at.

    Raises:
        ConfigurationError: one of them is not possible.
    """
    return load(Path(os.devnull), environ=answers).settings


def questions(*, is_installed: bool) -> tuple[Question, ...]:
    """Every question, in the order they are asked in.

    Args:
        is_installed: whether the file is for the service of this machine, which runs in no particular directory.
    """
    return (
        Question(
            flag="language",
            variable="AIOPS_LANGUAGE",
            text="Language of messages, en or ko",
            offer=lambda settings: settings.language,
        ),
        Question(
            flag="service",
            variable="AIOPS_SERVICE__NAME",
            text="Name of the watched service, as people read it",
            offer=lambda settings: settings.service.name,
        ),
        Question(
            flag="environment",
            variable="AIOPS_SERVICE__ENVIRONMENT",
            text="Where it runs, as people read it",
            offer=lambda settings: settings.service.environment,
            is_asked=lambda _: False,
        ),
        Question(
            flag="logs",
            variable="AIOPS_LOGS__DIRECTORY",
            text="Directory of its log files",
            offer=lambda settings: surroundings.log_directory(
                settings.service.name, is_installed=is_installed
            ),
            look=surroundings.about_directory,
        ),
        Question(
            flag="include",
            variable="AIOPS_LOGS__INCLUDE",
            text="Which files there, as patterns with commas between",
            offer=lambda settings: ", ".join(surroundings.patterns(settings.logs, settings.service.name)),
            look=surroundings.about_files,
        ),
        Question(
            flag="timezone",
            variable="AIOPS_SERVICE__TIMEZONE",
            text="Time zone of the times in messages",
            offer=lambda _: surroundings.time_zone(),
        ),
        Question(
            flag="mode",
            variable="AIOPS_MODE",
            text="How far it may go: observe (alerts), diagnose (asks Claude, too),\n"
            "  propose (opens issues, too) or fix (opens Draft PRs, too)",
            offer=lambda settings: settings.mode,
        ),
        Question(
            flag="repository",
            variable="AIOPS_GITHUB__REPOSITORY",
            text="GitHub repository, owner/name",
            offer=lambda settings: settings.github.repository,
            is_asked=surroundings.opens_issues,
            look=surroundings.about_repository,
        ),
        Question(
            flag="clone",
            variable="AIOPS_REPOSITORY__PATH",
            text="Local clone of it, which is only ever read",
            offer=lambda _: "",
            is_asked=surroundings.opens_issues,
            look=surroundings.about_clone,
        ),
        Question(
            flag="mention",
            variable="AIOPS_DISCORD__MENTION_ON_CRITICAL",
            text="Whom a critical alert calls on Discord: a role's id, or here",
            offer=lambda settings: settings.discord.mention_on_critical,
        ),
    )


def open_questions(asked: Iterable[Question], answers: Answers) -> Iterator[Question]:
    """The questions that have no answer yet; whether one is asked may hang on the answer to the one before."""
    for question in asked:
        if question.variable not in answers and question.is_asked(settings_of(answers)):
            yield question


def ask(asked: Iterable[Question], answers: Answers) -> set[str]:
    """Ask everything that is open.

    Returns:
        The warnings that were told on the way.

    Raises:
        CommandError: there are no more answers to be had.
    """
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - input() edits with it: the terminal itself rubs out only half a Korean letter
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # bytes that are no text are refused by the checks
    return {
        warning for question in open_questions(asked, answers) for warning in _answered(question, answers)
    }


def _answered(question: Question, answers: Answers) -> list[str]:
    """Ask until the answer is valid, and tell at once what people should know about it."""
    offered = question.offer(settings_of(answers))
    shown = offered or "none"
    while True:
        answer = _line(f"{question.text} [{shown}]: ")
        answers[question.variable] = offered if answer in {"", shown} else answer
        try:
            settings = settings_of(answers)
        except ConfigurationError as error:
            for problem in error.problems:
                _say(str(replace(problem, file=None)))
            continue
        warnings = list(question.look(settings))
        for warning in warnings:
            _say(f"warning: {warning}")
        return warnings


def _line(prompt: str) -> str:
    if not sys.stdout.isatty():  # what is redirected is the result, not the question
        sys.stderr.write(prompt)
        sys.stderr.flush()
        prompt = ""
    try:
        return input(prompt).strip()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise
    except EOFError:
        sys.stderr.write("\n")
        raise CommandError(cli.NO, "not every question was answered; nothing was written") from None


def _say(line: str) -> None:
    sys.stderr.write(f"  {line}\n")
