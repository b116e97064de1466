from pathlib import Path

import pytest

from aiops_daemon.settings import Settings, load


@pytest.fixture(scope="session")
def settings_for(tmp_path_factory):
    """Settings from a few lines of TOML."""

    def made(text: str = "") -> Settings:
        path: Path = tmp_path_factory.mktemp("settings") / "config.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return load(path, environ={}).settings

    return made


@pytest.fixture(scope="session")
def english(settings_for):
    return settings_for()


@pytest.fixture(scope="session")
def korean(settings_for):
    return settings_for('language = "ko"\n[service]\ntimezone = "Asia/Seoul"\n')
