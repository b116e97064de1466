"""Where a secret comes from. The order is part of the product's promise; the first place that has a value wins.

1. the systemd credential of that name, 2. the file named by `secrets.<name>_file`, 3. the environment
(`AIOPS_SECRETS__<NAME>`, then the usual names), 4. the TOML itself, with a warning, and refused when others can read it,
5. for a command run by hand beside a unit, the file in `credentials/` beside the configuration, which the unit loads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiops_daemon.settings.document import Document
from aiops_daemon.settings.environment import PREFIX, Overrides
from aiops_daemon.settings.problems import Problem
from aiops_daemon.settings.secret import NAMES

USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "anthropic_api_key": ("ANTHROPIC_API_KEY",),
    "discord_webhook_url": ("DISCORD_WEBHOOK_URL",),
    "github_token": ("GITHUB_TOKEN", "GH_TOKEN"),
}
"""The variables that other programs read for the same secrets."""

CREDENTIALS = "credentials"
_LARGEST_BYTES = 64 * 1024


@dataclass(slots=True)
class Found:
    """The secrets found: values, the file or variable of each, and what people should know."""

    values: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str | None] = field(default_factory=dict)
    """None for a value of the configuration file itself."""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def look_up(document: Document, overrides: Overrides, environ: Mapping[str, str]) -> Found:
    """Every secret from the first place that has it."""
    found = Found()
    written = _section(document.values)
    overriding = _section(overrides.values)
    for name in NAMES:
        in_file = _written(found, document, written, name)
        file = overriding.get(f"{name}_file", written.get(f"{name}_file"))
        for value, origin in (
            _credential(found, environ, name),
            _file(found, document, overrides, file, name),
            *((environ.get(variable), variable) for variable in _variables(name)),
            (in_file, None),
            _by_hand(document, environ, name),
        ):
            if value and value.strip():
                found.values[name], found.origins[name] = value.strip(), origin
                break
    return found


def _section(values: Mapping[str, Any]) -> Mapping[str, Any]:
    section = values.get("secrets")
    return section if isinstance(section, Mapping) else {}


def _variables(name: str) -> tuple[str, ...]:
    return (f"{PREFIX}SECRETS__{name.upper()}", *USUAL_NAMES.get(name, ()))


def _credential(found: Found, environ: Mapping[str, str], name: str) -> tuple[str | None, str | None]:
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return None, None
    path = Path(directory) / name
    try:
        return _content(path), str(path)
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError) as error:
        found.problems.append(Problem(file=str(path), key=f"secrets.{name}", wrong=_why(error)))
        return None, None


def _by_hand(document: Document, environ: Mapping[str, str], name: str) -> tuple[str | None, str | None]:
    """What the unit would hand over, for whoever may read it: root, who runs a command beside the daemon."""
    if document.path is None or environ.get("CREDENTIALS_DIRECTORY"):
        return None, None
    path = document.path.parent / CREDENTIALS / name
    try:
        return _content(path), str(path)
    except (OSError, ValueError):
        return None, None


def _file(
    found: Found, document: Document, overrides: Overrides, file: object, name: str
) -> tuple[str | None, str | None]:
    if not isinstance(file, str) or not file:
        return None, None  # of another type: its own check tells
    path = Path(file) if document.path is None else document.path.parent / file
    try:
        return _content(path), str(path)
    except (OSError, ValueError) as error:
        key = f"{name}_file"
        variable = overrides.names.get(("secrets", key))
        found.problems.append(
            Problem(
                file=variable or (str(document.path) if document.path else None),
                line=None if variable else document.line(("secrets", key)),
                key=f"secrets.{key}",
                wrong=f'"{path}": {_why(error)}',
                allowed="a file that holds the secret and nothing else",
            )
        )
        return None, None


def _content(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise ValueError(f"it is larger than {_LARGEST_BYTES} bytes")
    return content.decode("utf-8-sig")


def _why(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case PermissionError():
            return "the file cannot be read: permission denied"
        case UnicodeDecodeError():  # its own message would show bytes of the secret
            return "the file is not UTF-8 text"
        case OSError():
            return f"the file cannot be read: {error.strerror}"
        case _:
            return f"the file cannot be read: {error}"


def _written(found: Found, document: Document, written: Mapping[str, Any], name: str) -> str | None:
    value = written.get(name)
    if value is None:
        return None
    key, line = f"secrets.{name}", document.line(("secrets", name))
    place = f"{document.path}:{line}"
    elsewhere = f"a systemd credential, secrets.{name}_file, or {_variables(name)[0]}"
    if not isinstance(value, str):
        found.problems.append(
            Problem(file=str(document.path), line=line, key=key, wrong="it is not a text", allowed="a text")
        )
        return None
    if not value.strip():
        return None
    if document.readable_by_others:
        found.problems.append(
            Problem(
                file=str(document.path),
                line=line,
                key=key,
                wrong="a secret stands in a file that its group or everybody can read",
                allowed=f"{elsewhere}; or chmod 600 {document.path}",
            )
        )
        return None
    found.warnings.append(f"{place}: {key}: a secret stands in the configuration file; better: {elsewhere}")
    return value
