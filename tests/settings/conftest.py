from pathlib import Path
from typing import Self

import pytest

from aiops_daemon.settings import ConfigurationError, Loaded, load


class Configuration:
    """A configuration file in a directory of its own, and the environment it is loaded with."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "config.toml"
        self.environ: dict[str, str] = {}

    def write(self, text: str, *, mode: int = 0o600) -> Self:
        self.path.write_text(text, encoding="utf-8")
        self.path.chmod(mode)
        return self

    def load(self, **environ: str) -> Loaded:
        if not self.path.exists():
            self.write("")
        return load(self.path, environ={**self.environ, **environ})

    def problems(self, **environ: str) -> list[str]:
        """What is wrong, one sentence each, without the directory in front."""
        with pytest.raises(ConfigurationError) as raised:
            self.load(**environ)
        assert raised.value.__context__ is None, "pydantic's error holds the values"
        return [line.replace(f"{self.path.parent}/", "") for line in str(raised.value).splitlines()]


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(tmp_path)
