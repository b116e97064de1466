"""What a scenario is, and how it is written to its directory."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Scenario:
    """One directory: `scenario.toml` and its logs."""

    name: str
    title: str
    repository: str
    deployed: str
    logs: dict[str, str]
    source_root: str = "."
    code: str = ""
    contains: str = ""
    in_code: bool = True
    files: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    commit: str = ""
    keywords: list[list[str]] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)

    def write(self, root: Path) -> None:
        """Both kinds of file."""
        where = root / self.name
        where.mkdir(parents=True, exist_ok=True)
        for old in where.iterdir():
            old.unlink()
        for name, text in self.logs.items():
            (where / name).write_text(text, encoding="utf-8")
        lines = [
            f"title = {_toml(self.title)}",
            f"repository = {_toml(self.repository)}",
            f"deployed = {_toml(self.deployed)}",
            f"source_root = {_toml(self.source_root)}",
            f"logs = {_toml(list(self.logs))}",
            f"code = {_toml(self.code)}",
            f"contains = {_toml(self.contains)}",
            "",
            "[truth]",
            f"in_code = {str(self.in_code).lower()}",
            f"files = {_toml(self.files)}",
            f"functions = {_toml(self.functions)}",
            f"commit = {_toml(self.commit)}",
            f"keywords = {_toml(self.keywords)}",
            f"evidence = {_toml(self.evidence)}",
        ]
        (where / "scenario.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{text}"'
