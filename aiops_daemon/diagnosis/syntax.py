"""Where functions, types and constants begin and end: tree-sitter's parse of one file, as an outline.

https://tree-sitter.github.io/ . A file that doesn't parse gives what could be made out; tree-sitter goes on after an error.
"""

from __future__ import annotations

import re
import time
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
    "java": {"method_declaration", "constructor_declaration", "compact_constructor_declaration"},
}
_OWNERS = {
    "rust": {"impl_item": "type", "trait_item": "name"},
    "python": {"class_definition": "name"},
    "typescript": {"class_declaration": "name", "abstract_class_declaration": "name"},
    "go": {"method_declaration": "receiver"},
    "java": {
        "class_declaration": "name",
        "interface_declaration": "name",
        "record_declaration": "name",
        "enum_declaration": "name",
    },
}
_VALUES = {
    "rust": {"const_item", "static_item", "struct_item", "enum_item"},
    "python": set[str](),
    "typescript": {"enum_declaration", "interface_declaration", "type_alias_declaration"},
    "go": {"const_spec", "type_spec"},
    "java": {"enum_declaration"},
}
_COMMENTS = frozenset({"line_comment", "block_comment", "comment"})
_ATTRIBUTES = frozenset({"attribute_item", "decorator"})
_WRAPPERS = frozenset(
    {"decorated_definition", "export_statement", "const_declaration", "var_declaration", "type_declaration"}
)
"""What is written before one of these belongs to what it holds."""
_CLOSURES = frozenset({"arrow_function", "function_expression", "generator_function", "func_literal"})
_MODULES = frozenset({"program", "module", "source_file", "export_statement"})
_TRANSPARENT = frozenset(
    {"lexical_declaration", "variable_declaration", "variable_declarator", "object", "expression_statement"}
    | {"assignment_expression", "var_declaration", "var_spec_list"}
)
"""What one of these holds stands outside of every function if it does itself."""
_MOST_ATTRIBUTE_LINES = 40
_WORD = re.compile(r"\w+")
_SIGNS_ALONE = re.compile(r"[^\w\s\"'`]{200,}")
_ANGLES = re.compile(r"[<>;{}]")
_MOST_LONE_ANGLES = 200
_READ_BYTES = 512
_PARSE_SECONDS = 0.4
"""Of computing: some twenty times what the largest file takes. After an error the parser tries every way to go on."""


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


@dataclass(frozen=True, slots=True)
class _Visit:
    """A node on the way down. It knows what is around it: to ask the tree for a parent would be a walk from its root.

    Attributes:
        owner: the type it belongs to.
        row: where it begins, with the comments and attributes above it.
        is_outside: whether it stands outside of every function and type.
    """

    node: Any
    owner: str = ""
    row: int = 0
    is_outside: bool = False


@cache
def _parser(grammar: str) -> Any:
    from tree_sitter import Language, Parser

    language: Callable[[], Any]
    if grammar == "rust":
        from tree_sitter_rust import language
    elif grammar == "python":
        from tree_sitter_python import language
    elif grammar == "typescript":
        from tree_sitter_typescript import language_typescript as language
    elif grammar == "tsx":
        from tree_sitter_typescript import language_tsx as language
    elif grammar == "go":
        from tree_sitter_go import language
    else:
        from tree_sitter_java import language
    return Parser(Language(language()))


def outline(file: SourceFile) -> tuple[Item, ...]:
    """The items of a file, in order. A function within another one comes after it. There are none in what nobody wrote by hand."""
    if file.language is None or _is_tangled(file.text):
        return ()
    # `<T>value` is a cast in a .ts file, and the beginning of an element in all others.
    grammar = "tsx" if file.language == "typescript" and not file.path.endswith(".ts") else file.language
    root = _parse(_parser(grammar), file.text.encode("utf-8", "replace"))
    return () if root is None else tuple(_items(root, file.path, file.language))


def _parse(parser: Any, source: bytes) -> Any:
    """The root of the tree, or None where it would take too long: then what is read comes to an early end."""
    began = time.thread_time()
    is_late = False

    def read(at: int, _: Any) -> bytes:
        nonlocal is_late
        is_late = is_late or time.thread_time() - began > _PARSE_SECONDS
        return b"" if is_late else source[at : at + _READ_BYTES]

    tree = parser.parse(read)
    return None if is_late else tree.root_node


def _is_tangled(text: str) -> bool:
    """Whether a parser would drown in it, in time or in gigabytes, as it keeps every reading of what can't be read.

    That is so for long runs of signs without a word, other than a line drawn with one of them, and for many `<` and `>` without
    a partner.
    """
    if any(len({*run}) > 1 for run in _SIGNS_ALONE.findall(text)):
        return True
    opened = closed = 0
    for found in _ANGLES.finditer(text):
        angle = found.group()
        if angle == "<":
            opened += 1
        elif angle == ">":
            opened, closed = (opened - 1, closed) if opened else (0, closed + 1)
        else:
            opened = closed = 0
        if opened + closed > _MOST_LONE_ANGLES:
            return True
    return False


def _items(root: Any, path: str, language: str) -> Iterator[Item]:
    """Depth first, without recursion: brackets may be nested deeper than Python's stack."""
    waiting = [_Visit(root)]
    while waiting:
        visit = waiting.pop()
        owner = _owner(visit, language)
        for name, is_value in _names(visit, language):
            yield Item(
                path=path,
                name=name,
                # A method belongs to its receiver; a type to what is around it, not to itself.
                owner=visit.owner if is_value else owner,
                first_line=visit.row + 1,
                last_line=visit.node.end_point.row + 1,
                is_value=is_value,
            )
        waiting += reversed([*_children(visit, owner)])


def _children(visit: _Visit, owner: str) -> Iterator[_Visit]:
    """What stands in a node, each with the comments and attributes above it."""
    node = visit.node
    is_outside = node.type in _MODULES or (visit.is_outside and node.type in _TRANSPARENT)
    begins: int | None = visit.row if node.type in _WRAPPERS else None
    ends = node.start_point.row - 1
    is_attribute = False
    behind = -1
    for child in node.named_children:
        first, last = child.start_point.row, child.end_point.row - (child.end_point.column == 0)
        if begins is not None and first > ends + 1 and not is_attribute:
            begins = None  # a comment with a blank line below is about something else
        if child.type in _ATTRIBUTES or (child.type in _COMMENTS and first > behind):
            begins = first if begins is None else begins
            ends = last
            is_attribute = is_attribute or child.type in _ATTRIBUTES
        elif child.type not in _COMMENTS:
            is_near = begins is not None and first - begins <= _MOST_ATTRIBUTE_LINES
            if child.named_child_count:
                yield _Visit(child, owner, begins if begins is not None and is_near else first, is_outside)
            begins, is_attribute, behind = None, False, last


def _owner(visit: _Visit, language: str) -> str:
    """What the functions in a node belong to."""
    node = visit.node
    if field := _OWNERS[language].get(node.type):
        return _type_name(node.child_by_field_name(field)) or visit.owner
    if visit.is_outside and node.type == "variable_declarator":
        value = node.child_by_field_name("value")
        if value is not None and value.type == "object":
            return _text(node.child_by_field_name("name"))
    return visit.owner


def _names(visit: _Visit, language: str) -> Iterator[tuple[str, bool]]:
    """The names that a node defines, and whether they are those of values."""
    node = visit.node
    kind = node.type
    if kind in _FUNCTIONS[language] or kind in _VALUES[language]:
        if name := _text(node.child_by_field_name("name")):
            yield name, kind in _VALUES[language]
    elif language == "typescript":
        yield from _assigned(visit)
    elif language == "java" and kind == "field_declaration":
        yield from _constants(node)
    elif kind == "expression_statement" and visit.is_outside:
        for child in node.named_children:
            name = _text(child.child_by_field_name("left")) if child.type == "assignment" else ""
            if name.isidentifier():
                yield name, True
    elif kind == "var_spec" and visit.is_outside:
        value = node.child_by_field_name("value")
        is_function = value is not None and any(child.type in _CLOSURES for child in value.named_children)
        yield _text(node.child_by_field_name("name")), not is_function


def _constants(field: Any) -> Iterator[tuple[str, bool]]:
    """`private static final int LIMIT = 5;`."""
    if {"static", "final"} <= {*_text(field.named_children[0]).split()}:
        for child in field.children_by_field_name("declarator"):
            yield _text(child.child_by_field_name("name")), True


def _assigned(visit: _Visit) -> Iterator[tuple[str, bool]]:
    """`const handler = async () => {...}` in all its forms, and constants of a module."""
    node = visit.node
    if node.type in {"lexical_declaration", "variable_declaration"}:
        for child in node.named_children:
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if name is None or name.type != "identifier" or value is None:
                continue
            is_function = _is_function(value, is_wrapped=visit.is_outside)
            if is_function or visit.is_outside:
                yield _text(name), not is_function
    elif node.type == "expression_statement":
        for child in node.named_children:
            left, right = child.child_by_field_name("left"), child.child_by_field_name("right")
            is_member = left is not None and left.type == "member_expression"
            if is_member and _is_function(right, is_wrapped=visit.is_outside):
                yield _text(left.child_by_field_name("property")), False
    elif node.type == "public_field_definition" or (node.type == "pair" and visit.is_outside):
        name = node.child_by_field_name("key" if node.type == "pair" else "name")
        if _is_function(node.child_by_field_name("value"), is_wrapped=False):
            yield _text(name), False


def _is_function(value: Any, *, is_wrapped: bool) -> bool:
    """Whether a value is a function, or a call that is given one where it counts: `asyncHandler(async () => {...})`."""
    if value is None:
        return False
    if is_wrapped and value.type == "call_expression":
        called, given = value.child_by_field_name("function"), value.child_by_field_name("arguments")
        is_plain = called is not None and called.type == "identifier" and given is not None
        return is_plain and any(each.type in _CLOSURES for each in given.named_children)
    return value.type in _CLOSURES


def _type_name(node: Any) -> str:
    """The plain name of a type: without what it borrows, its path and its arguments."""
    waiting = [node] if node is not None else []
    while waiting:
        found = waiting.pop()
        if found.type == "type_identifier":
            return _text(found)
        waiting += reversed(found.named_children)
    return next(iter(_WORD.findall(_text(node))), "")


def _text(node: Any) -> str:
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")
