"""The tree of keys, read off the classes: which keys a table has, and which known key an unknown one resembles."""

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import get_args, get_origin

from pydantic import BaseModel

from aiops_daemon.settings.root import Settings

Path = tuple[str, ...]


def dotted(path: Path) -> str:
    """A path as TOML writes it: quoted where it must be."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"' for part in path)


def table_at(path: Path) -> type[BaseModel] | None:
    """The class of the table at this path, or None where no table with fixed keys is."""
    here: type[BaseModel] | None = Settings
    rows: type[BaseModel] | None = None
    for part in path:
        if rows is not None:
            here, rows = rows, None
            continue
        field = here.model_fields.get(part) if here else None
        here, rows = _inside(field.annotation) if field else (None, None)
    return here


def _inside(annotation: object) -> tuple[type[BaseModel] | None, type[BaseModel] | None]:
    """What a key leads to: a table, or a table of tables with free names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, None
    if get_origin(annotation) is Mapping:
        return None, get_args(annotation)[1]
    return None, None


@cache
def settable() -> Mapping[Path, object]:
    """Every key at the top or in a section, with its annotation. Tables with free names count as one key."""
    found: dict[Path, object] = {}
    for name, field in Settings.model_fields.items():
        table, _ = _inside(field.annotation)
        if table is None:
            found[name,] = field.annotation
        else:
            found |= {(name, key): inner.annotation for key, inner in table.model_fields.items()}
    return found


def nearest(path: Path) -> str | None:
    """The known key that was probably meant: the same name elsewhere, one like it in this table, one like it anywhere."""
    by_name: dict[str, Path] = {known[-1]: known for known in reversed(list(_everything()))}
    if path[-1] in by_name:
        return dotted(by_name[path[-1]])
    table = table_at(path[:-1])
    siblings = list(table.model_fields) if table else []
    if found := difflib.get_close_matches(path[-1].lower(), siblings, n=1):
        return dotted((*path[:-1], found[0]))
    found = difflib.get_close_matches(path[-1].lower(), by_name, n=1, cutoff=0.75)
    return dotted(by_name[found[0]]) if found else None


def _everything() -> Iterator[Path]:
    yield from ((name,) for name in Settings.model_fields)
    yield from settable()
