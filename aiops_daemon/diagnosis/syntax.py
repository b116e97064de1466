"""Where functions, types and constants begin and end: tree-sitter's parse of one file, as an outline.

https://tree-sitter.github.io/ . A file that doesn't parse gives what could be made out; tree-sitter goes on after an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from aiops_daemon.diagnosis.snapshot import SourceFile

_FUNCTIONS = {
    "rust": {"function_item", "function_signature_item"},
    "python": {"function_definition"},
    "typescript": {"function_declaration", "method_definition", "generator_function_declaration"},
    "go": {"function_declaration", "method_declaration"},
    "java": {"method_declaration", "constructor_declaration"},
}
_OWNERS = {
    "rust": {"impl_item": "type", "trait_item": "name", "mod_item": "name"},
    "python": {"class_definition": "name"},
    "typescript": {"class_declaration": "name", "abstract_class_declaration": "name"},
    "go": {},
    "java": {"class_declaration": "name", "interface_declaration": "name", "record_declaration": "name"},
}
_VALUES = {
    "rust": {"const_item", "static_item", "struct_item", "enum_item"},
    "python": set[str](),
    "typescript": {"enum_declaration", "interface_declaration", "type_alias_declaration"},
    "go": {"const_spec", "type_spec"},
    "java": {"enum_declaration"},
}
_BARE_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A function, or a type or constant (`is_value`), with the first line of its attributes and its last line."""

    path: str
    name: str
    owner: str
    first_line: int
    last_line: int
    is_value: bool = False

    @property
    def label(self) -> str:
        """Its name with that of what it belongs to."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    def holds(self, line: int) -> bool:
        """Whether a line, counted from 1, is one of its lines."""
        return self.first_line <= line <= self.last_line


@cache
def _parser(language: str) -> Any:
    from tree_sitter import Language, Parser

    grammar: Callable[[], Any]
    if language == "rust":
        from tree_sitter_rust import language as grammar
    elif language == "python":
        from tree_sitter_python import language as grammar
    elif language == "typescript":
        from tree_sitter_typescript import language_tsx as grammar
    elif language == "go":
        from tree_sitter_go import language as grammar
    else:
        from tree_sitter_java import language as grammar
    return Parser(Language(grammar()))


def outline(file: SourceFile) -> tuple[Item, ...]:
    """The items of a file, in order. A function within another one comes after it."""
    if file.language is None:
        return ()
    tree = _parser(file.language).parse(file.text.encode())
    return tuple(_items(tree.root_node, file, owner=""))


def _items(node: Any, file: SourceFile, owner: str) -> Iterator[Item]:
    assert file.language is not None
    kinds, owners, values = _FUNCTIONS[file.language], _OWNERS[file.language], _VALUES[file.language]
    attributes: Any = None
    for child in node.named_children:
        kind = child.type
        if kind in {"attribute_item", "line_comment", "comment", "decorator", "block_comment"}:
            attributes = attributes or child
            continue
        begins = attributes if attributes is not None else child
        attributes = None
        if kind == "decorated_definition":
            yield from _items(child, file, owner)
            continue
        if kind in kinds or kind in values:
            if name := _text(child.child_by_field_name("name")):
                yield _item(file, name, _owner(child, file, owner), begins, child, is_value=kind in values)
        elif kind in {
            "lexical_declaration",
            "variable_declaration",
            "public_field_definition",
            "field_declaration",
        }:
            yield from _assigned(child, file, owner, begins)
        elif file.language == "python" and kind == "expression_statement" and not owner:
            yield from _constant(child, file, begins)
        inner = owner
        if kind in owners:
            found = _BARE_TYPE.search(_text(child.child_by_field_name(owners[kind])))
            inner = found.group() if found and kind != "mod_item" else owner
        yield from _items(child, file, inner)


def _owner(node: Any, file: SourceFile, owner: str) -> str:
    if file.language == "go" and (receiver := node.child_by_field_name("receiver")):
        names = _BARE_TYPE.findall(_text(receiver))
        return names[-1] if names else owner
    return owner


def _item(file: SourceFile, name: str, owner: str, begins: Any, node: Any, *, is_value: bool) -> Item:
    first = begins.start_point[0] + 1
    if begins is not node and node.start_point[0] - begins.start_point[0] > _MOST_ATTRIBUTE_LINES:
        first = node.start_point[0] + 1
    last = node.end_point[0] + 1
    return Item(path=file.path, name=name, owner=owner, first_line=first, last_line=last, is_value=is_value)


_MOST_ATTRIBUTE_LINES = 40


def _assigned(node: Any, file: SourceFile, owner: str, begins: Any) -> Iterator[Item]:
    """`const handler = async () => {...}`, and constants."""
    for child in [node, *node.named_children]:
        name = _text(child.child_by_field_name("name"))
        value = child.child_by_field_name("value")
        if not name or value is None or "\n" in name:
            continue
        is_function = value.type in {"arrow_function", "function_expression", "function"}
        if is_function or (
            not owner and node.parent is not None and node.parent.type in {"program", "export_statement"}
        ):
            yield _item(file, name, owner, begins, node, is_value=not is_function)


def _constant(node: Any, file: SourceFile, begins: Any) -> Iterator[Item]:
    for child in node.named_children:
        if child.type == "assignment" and (left := child.child_by_field_name("left")) is not None:
            name = _text(left)
            if name.isidentifier():
                yield _item(file, name, "", begins, node, is_value=True)


def _text(node: Any) -> str:
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")
