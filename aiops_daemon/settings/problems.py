"""What is wrong with a configuration, in words a person can act on. Not for finding the faults, only for telling them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault: where it stands, what is wrong, what would be right."""

    file: str | None = None
    """The file, or the environment variable, that the value came from."""
    line: int | None = None
    key: str = ""
    wrong: str
    allowed: str = ""

    def __str__(self) -> str:
        place = None if self.file is None else self.file if self.line is None else f"{self.file}:{self.line}"
        sentence = f"{self.wrong}; allowed: {self.allowed}" if self.allowed else self.wrong
        return ": ".join(part for part in (place, self.key, sentence) if part)


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` holds every reason, not only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
