"""docs/configuration.md names every key, with its real default and whether it changes live."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from aiops_daemon.settings import RESTART_ONLY, CodeRow, Price, Settings, load
from aiops_daemon.settings.secret import NAMES

DOCUMENT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, tuple[str, str]]:
    """Of the table under this heading: each key's default and whether it changes live."""
    section = DOCUMENT.partition(f"\n### {heading}\n")[2].partition("\n### ")[0].partition("\n## ")[0]
    found = re.findall(r"^\| `(\w+)` \| (.+?) \| .+? \| .+? \| (.+?) \|$", section, re.MULTILINE)
    return {key: (default, live) for key, default, live in found}


def sections() -> dict[str, type[BaseModel]]:
    settings = Settings()
    found = {name: type(getattr(settings, name)) for name in Settings.model_fields}
    return {name: kind for name, kind in found.items() if issubclass(kind, BaseModel) and name != "secrets"}


def test_every_key_is_documented_and_no_other():
    for name, section in sections().items():
        assert set(rows(f"`[{name}]`")) == set(section.model_fields), name
    assert set(rows("Top level")) == {"language", "mode"}
    assert set(rows("`[triage.codes.<CODE>]`")) == set(CodeRow.model_fields)
    assert set(rows('`[claude.prices."<model>"]`')) == set(Price.model_fields)
    for name in NAMES:
        assert f"`{name}`" in DOCUMENT
        assert f"`{name}_file`" in DOCUMENT


def test_the_documented_defaults_are_the_real_ones(tmp_path):
    """A file made of the documented defaults loads, and equals the defaults key by key."""
    lines = [f"{key} = {default.strip('`')}" for key, (default, _) in rows("Top level").items()]
    for name in sections():
        lines.append(f"[{name}]")
        for key, (default, _) in rows(f"`[{name}]`").items():
            if default.startswith("`"):
                lines.append(f"{key} = {default.strip('`')}")
            else:
                assert f"{name}.{key}" in {"triage.codes", "claude.prices"}
    path = tmp_path / "config.toml"
    path.write_text("\n".join(lines))
    assert load(path, environ={}).settings == Settings()
    for key, field in Price.model_fields.items():
        documented = rows('`[claude.prices."<model>"]`')[key][0]
        assert documented == ("as shipped" if field.is_required() else f"`{field.default}`")


def test_the_documented_prices_are_the_real_ones():
    for model, price in Settings().claude.prices.items():
        numbers = (price.input, price.output, price.cache_write_5m, price.cache_write_1h, price.cache_read)
        assert f"| `{model}` | " + " | ".join(map(str, numbers)) + " |" in DOCUMENT


def test_what_needs_a_restart_is_documented():
    documented = {
        f"{name}.{key}"
        for name in sections()
        for key, (_, live) in rows(f"`[{name}]`").items()
        if live == "restart"
    }
    assert documented == set(RESTART_ONLY)
    for key, reason in RESTART_ONLY.items():
        assert f"| `{key}` | {reason} |" in DOCUMENT


def all_fields(model: type[BaseModel]):
    for name, field in model.model_fields.items():
        yield f"{model.__name__}.{name}", field


@pytest.mark.parametrize("model", [Settings, CodeRow, Price, type(Settings().secrets), *sections().values()])
def test_every_key_has_a_description(model):
    assert [name for name, field in all_fields(model) if not field.description] == []


def test_importing_stays_light():
    """`--help` pays for this import: nothing that speaks to a network or starts a loop."""
    program = "import aiops_daemon.settings, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"aiohttp", "structlog", "tenacity", "watchfiles", "sqlite3"} & set(loaded)
