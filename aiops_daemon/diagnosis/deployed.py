"""Which commit ran: the one that is looked at."""

from __future__ import annotations

from pathlib import Path

from aiops_daemon.clients.git import Git, GitError, NoCommitError
from aiops_daemon.diagnosis.log_view import LogView
from aiops_daemon.settings import RepositorySettings

_MOST_CHARACTERS = 200


async def deployed_commit(git: Git, repository: RepositorySettings, view: LogView) -> tuple[str, list[str]]:
    """Named by the configuration, by a file, by a field of the log, else the head of the base branch; and what is to be said of it.

    What is named and not there, such as a commit that the clone hasn't fetched, must not cost the rest: the next best is looked at.

    Raises:
        GitError: there is no commit at all.
    """
    base = repository.base_branch
    ways = [
        (
            [f"refs/remotes/origin/{base}", f"refs/heads/{base}", base],
            f"no branch {base!r} (repository.base_branch)",
        ),
        (["HEAD"], "nothing at HEAD"),
    ]
    missing: list[str] = []
    if repository.deployed:
        try:
            named = _named(repository.deployed, view)
        except OSError as error:
            missing.append(f"no way to read {repository.deployed} (repository.deployed): {error.strerror}")
        else:
            ways.insert(0, ([named], f"no commit {named[:80]!r} (repository.deployed)"))
    for revisions, otherwise in ways:
        for revision in revisions:
            try:
                commit = await git.resolve(revision)
            except NoCommitError:
                continue
            told = (
                f"source: {git.path}: there is {', and '.join(missing)}; {commit[:10]} was looked at instead"
            )
            return commit, [told] if missing else []
        missing.append(otherwise)
    raise GitError(f"{git.path}: there is {', and '.join(missing)}")


def _named(deployed: str, view: LogView) -> str:
    """What the configuration says, or the file or the field of the log that it names.

    Raises:
        OSError: the file can't be read.
    """
    if "/" in deployed and Path(deployed).is_file():
        with Path(deployed).open(encoding="utf-8", errors="replace") as file:
            return next(iter(file.read(_MOST_CHARACTERS).split()), deployed)
    for row in reversed([*view.starts, *view.rows]):
        fields = row.values.get("fields", row.values)
        value = fields.get(deployed) if isinstance(fields, dict) else None
        value = value or row.values.get(deployed)
        if isinstance(value, str) and value:
            return value
    return deployed
