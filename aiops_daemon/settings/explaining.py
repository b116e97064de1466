"""From pydantic's errors to sentences for people. Its own sentences ("Input should be...") are never shown."""

from pydantic_core import ErrorDetails

from aiops_daemon.settings.keys import Path, dotted, nearest, table_at
from aiops_daemon.settings.kinds import REFUSED, halves, shown

_TABLE_TYPES = frozenset({"model_type", "model_attributes_type", "dict_type", "mapping_type"})


def key_of(error: ErrorDetails) -> Path:
    """The key that an error is about, without positions in lists."""
    return tuple(part for part in error["loc"] if isinstance(part, str) and part != "[key]")


def explained(error: ErrorDetails) -> tuple[str, str]:
    """What is wrong, and what is allowed."""
    path = key_of(error)
    match error["type"]:
        case kind if kind == REFUSED:
            wrong, allowed = halves(error.get("ctx"))
        case "extra_forbidden":
            meant = nearest(path)
            wrong = "there is no such key" + (f", did you mean {meant}?" if meant else "")
            table = table_at(path[:-1])
            allowed = ", ".join(table.model_fields) if table else ""
        case "missing":
            wrong, allowed = "it is missing", _description(path)
        case kind if kind in _TABLE_TYPES:
            wrong, allowed = (
                f"{_sort(error['input'])} stands where a table belongs",
                f"a table: [{dotted(path)}]",
            )
        case "tuple_type":
            wrong, allowed = f"{_sort(error['input'])} is not a list", 'a list such as ["a", "b"]'
        case _:
            wrong, allowed = "this value is not possible", _description(path)
    return wrong, allowed


def _sort(value: object) -> str:
    """What sort of value it is. The value itself is not shown: it may be a webhook's URL where `[discord]` belongs."""
    return (
        "a text" if isinstance(value, str) else "a number" if isinstance(value, int | float) else shown(value)
    )


def _description(path: Path) -> str:
    table = table_at(path[:-1])
    field = table.model_fields.get(path[-1]) if table and path else None
    return (field.description or "") if field else ""
