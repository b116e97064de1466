"""The annotated configuration says everything about every key, and is itself a configuration that holds."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from aiops_daemon.settings import CodeRow, Price, Settings, load
from aiops_daemon.settings.annotated import SHIPPED, annotated
from aiops_daemon.settings.kinds import duration, span_text
from aiops_daemon.settings.secret import NAMES

ROOT = Path(__file__).parents[2]


def loaded(text: str, tmp_path: Path) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ={}).settings


def set_free(text: str) -> str:
    """As if somebody had taken the "# " away from every key and table."""
    return re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)


def tables() -> dict[str, BaseModel]:
    settings = Settings()
    found = {name: getattr(settings, name) for name in Settings.model_fields}
    return {name: table for name, table in found.items() if isinstance(table, BaseModel)}


def flat(text: str) -> str:
    """The comments without their line breaks."""
    return re.sub(r"\n +# ", " ", text)


def test_with_nothing_set_it_is_the_defaults(tmp_path):
    text = annotated({})
    assert tomllib.loads(text) == {name: {} for name in tables()}
    assert loaded(text, tmp_path) == Settings()


def test_every_default_it_shows_is_the_real_one(tmp_path):
    settings = loaded(set_free(annotated({})), tmp_path)
    codes = settings.triage.codes
    assert settings.model_copy(update={"triage": Settings().triage}) == Settings()
    assert settings.triage.model_copy(update={"codes": {}}) == Settings().triage
    assert list(codes) == ["PAY5001"]


def test_every_section_and_key_is_there_in_the_order_of_the_documentation():
    document = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    documented = re.findall(r"^### `\[(\w+)\]`", document, re.MULTILINE)
    tree = tomllib.loads(set_free(annotated({})))
    assert [name for name in tree if isinstance(tree[name], dict)] == [*documented, "secrets"]
    assert list(tree)[:2] == ["language", "mode"]
    for name, table in tables().items():
        if name != "secrets":
            assert set(tree[name]) == set(type(table).model_fields), name
    assert list(tree["secrets"]) == [f"{name}_file" for name in NAMES]
    assert set(tree["triage"]["codes"]["PAY5001"]) == set(CodeRow.model_fields)
    assert [set(row) for row in tree["claude"]["prices"].values()] == [set(Price.model_fields)]


def test_every_key_says_what_it_means_and_what_may_stand_there():
    text = flat(annotated({}))
    for name, table in tables().items():
        assert re.search(rf"^# .+\.\n(# .+\n)*\[{name}\]$", text, re.MULTILINE), name
        for key, field in type(table).model_fields.items():
            if key not in {"codes", "prices"} and not key.endswith("_file"):
                assert f"# {field.description}" in text, f"{name}.{key}"
    for choices in ("(en, ko)", "(observe, diagnose, propose, fix)", "(auto, tracing, json, logfmt, text)"):
        assert choices in text
    assert "cut (restart)" in text


def test_it_is_no_wider_than_a_terminal_on_half_a_screen():
    text = annotated({"language": "ko", "logs": {"directory": f"/srv/{'long/' * 12}logs"}})
    assert [line for line in text.splitlines() if len(line) > 110] == []


def test_what_is_set_is_active_and_means_what_was_given(tmp_path):
    values = {
        "language": "ko",
        "mode": "fix",
        "service": {"name": '주문 "서버" \\ 1', "timezone": "Asia/Seoul"},
        "logs": {"directory": "/srv/로그", "include": ["a.*.log", "b,c.log"], "silence_after": "1h30m"},
        "triage": {
            "quiet_after": "250ms",
            "codes": {"PAY5001": {"title": "down", "actions": []}, "DB5001": {"severity": "high"}},
        },
        "claude": {
            "effort": "max",
            "prices": {"claude-x.y": dict.fromkeys(list(Price.model_fields)[:5], 0.1)},
        },
        "repository": {"path": "../clone"},
        "secrets": {"github_token_file": "token"},
    }
    (tmp_path / "token").write_text("t")
    text = annotated(values)
    assert tomllib.loads(text) == {name: {} for name in tables()} | values
    settings = loaded(text, tmp_path)
    assert settings.logs.silence_after == timedelta(minutes=90)
    assert settings.triage.codes["PAY5001"].actions == ()
    assert settings.claude.prices["claude-x.y"].input == 0.1


def test_whatever_is_set_can_be_written(tmp_path):
    settings = Settings()
    values = {
        name: {key: getattr(table, key) for key in type(table).model_fields if key not in {"codes", "prices"}}
        for name, table in tables().items()
        if name != "secrets"
    } | {"language": settings.language, "mode": settings.mode}
    text = annotated(values)
    assert loaded(text, tmp_path) == settings
    assert {line.split()[1] for line in text.splitlines() if re.match(r"# \w+ = ", line)} == {
        *CodeRow.model_fields,
        *Price.model_fields,
        *(f"{name}_file" for name in NAMES),
    }


def test_a_secret_is_refused_and_not_shown():
    with pytest.raises(ValueError, match="github_token") as raised:
        annotated({"secrets": {"github_token": "hush-hush"}})
    assert "hush" not in str(raised.value)


def test_what_is_no_setting_is_refused():
    with pytest.raises(ValidationError):
        annotated({"logs": {"directroy": "/x"}})


@given(st.integers(min_value=0, max_value=3650 * 86_400_000))
def test_a_time_is_written_as_it_is_read(milliseconds):
    span = timedelta(milliseconds=milliseconds)
    assert duration(zero=True)(span_text(span)) == span


def test_the_configuration_of_an_installation_is_rendered_from_the_same_classes():
    """Where this fails, a setting has changed: write what `annotated(SHIPPED)` gives to deploy/config.toml."""
    assert (ROOT / "deploy" / "config.toml").read_text(encoding="utf-8") == annotated(SHIPPED)


def test_the_configuration_of_an_installation_is_the_defaults_but_for_two_directories():
    settings = load(ROOT / "deploy" / "config.toml", environ={}).settings
    assert settings != Settings()
    assert settings == Settings(**SHIPPED)
