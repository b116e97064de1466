"""The route table: which function answers which request, found by how routers look in each framework.

axum, utoipa, FastAPI, Flask, Django, Express, Nest, chi, gin, net/http, Spring: a path in quotes, a method near it, and a handler
named in the same call, or the function below a decorator. Prefixes (`nest`, `include_router`, `@RequestMapping`) stand in other
files, so a route is matched from its end.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.snapshot import SourceFile
from aiops_daemon.diagnosis.syntax import Item

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_PATH_LITERAL = re.compile(r"""["'`](/?[A-Za-z0-9_\-.~{}:<>*$/]*)["'`]""")
_ROUTE_WORDS = re.compile(
    r"\.route\(|\.route_service\(|path\s*=|\b(?:get|post|put|patch|delete|head|options|all|any)\b|HandleFunc|Handle\(|"
    r"Mapping|\bpath\(|re_path\(|\.nest|\.mount|\.use\(|include_router|APIRouter|Controller|RequestMapping",
    re.IGNORECASE,
)
_SIGNS = ('"/', "'/", "`/", "Mapping", "Controller", "path(", "@Get", "@Post", "@Put", "@Delete", "@Patch")
"""Quick to look for: without one of these there is no route in a file."""
_NESTS = re.compile(r"\.(?:nest|mount)\(\s*$")
_DEEPEST = 4
_DECORATES = re.compile(r"^\s*(?:@|#\[)")
_STATEMENT_LINES = 8
_HANDLER = re.compile(r"\b([A-Za-z_][\w:.]*)\b")
_PREFIX_WORDS = re.compile(
    r"\.nest\(|\.mount\(|\.use\(|include_router|prefix\s*=|Controller\(|RequestMapping|\.Route\(|Group\(",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path, the methods named beside it, and where that is written."""

    path: str
    methods: tuple[str, ...]
    handlers: tuple[Item, ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A route that answers a request."""

    route: Route
    handler: Item
    score: int


class RouteTable:
    """Every route of the source."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self.routes: list[Route] = []
        self.prefixes: set[str] = set()
        self._nests: dict[Item, list[tuple[str, Item | None]]] = defaultdict(list)
        found: list[Route] = []
        for file in code.snapshot.code:
            if not file.is_test:
                found.extend(self._routes_in(file))
        for route in found:
            within = code.function_at(route.file, route.line)
            for prefix in self._prefixes_of(within) if within is not None else [""]:
                self.routes.append(
                    replace(route, path=f"{prefix}/{route.path.lstrip('/')}".rstrip("/") or "/")
                )

    def match(self, method: str | None, uri: str) -> list[Match]:
        """The handlers that may answer a request, the best first."""
        segments = segments_of(uri)
        found: list[Match] = []
        for route in self.routes:
            wanted = segments_of(route.path)
            score = _score(wanted, segments, self.prefixes)
            if score is None:
                continue
            is_method = not method or not route.methods or method.lower() in route.methods
            value = score - 6 if not is_method else score + 3 if route.methods else score
            found.extend(Match(route=route, handler=handler, score=value) for handler in route.handlers)
        best = max((each.score for each in found), default=0)
        chosen = [each for each in found if each.score >= best - 1 and each.score > 0]
        return sorted(chosen, key=lambda each: -each.score)[:4]

    def _routes_in(self, file: SourceFile) -> Iterator[Route]:
        if not any(sign in file.text for sign in _SIGNS) or _ROUTE_WORDS.search(file.text) is None:
            return
        lines = file.lines
        for number, line in enumerate(lines, start=1):
            literals = [found for found in _PATH_LITERAL.finditer(line) if _is_path(found[1], line)]
            if not literals:
                continue
            before = "\n".join(lines[max(0, number - 3) : number])
            if _ROUTE_WORDS.search(before) is None:
                continue
            for literal in literals:
                if literal is literals[0] or line[: literal.start()].endswith(".route("):
                    yield from self._at(file, number, literal, before)

    def _at(self, file: SourceFile, number: int, literal: re.Match[str], before: str) -> Iterator[Route]:
        """What one path in quotes is: a prefix of others, or a route."""
        lines, line = file.lines, file.lines[number - 1]
        statement = _statement(lines, number - 1, literal.end())
        if _NESTS.search(line[: literal.start()]):
            self.prefixes.update(segments_of(literal[1]))
            self._nest(file, number, literal[1], statement)
            return
        if _PREFIX_WORDS.search(before):
            self.prefixes.update(segments_of(literal[1]))
        decorated = bool(_DECORATES.match(line)) or _is_in_attribute(lines, number)
        head = line[: literal.start()]
        yield from self._route(file, number, literal[1], head, statement, is_decorator=decorated)

    def _nest(self, file: SourceFile, number: int, prefix: str, rest: str) -> None:
        """`.nest("/x", a::router().merge(b::router()))`: what these functions route stands below the prefix."""
        for name in re.findall(r"([A-Za-z_][\w:]*)\s*\(", rest):
            for router in self._handlers(name, file):
                self._nests[router].append((prefix.rstrip("/"), self._code.function_at(file.path, number)))

    def _prefixes_of(self, router: Item, depth: int = 0) -> list[str]:
        """Under which prefixes a function's routes stand: none where nobody nests it."""
        if depth > _DEEPEST or router not in self._nests:
            return [""]
        found: list[str] = []
        for prefix, parent in self._nests[router][:4]:
            above = [""] if parent is None or parent == router else self._prefixes_of(parent, depth + 1)
            found.extend(each + prefix for each in above)
        return found

    def _route(
        self, file: SourceFile, number: int, path: str, head: str, rest: str, *, is_decorator: bool
    ) -> Iterator[Route]:
        around = "\n".join(file.lines[max(0, number - 3) : number]) if is_decorator else head + rest
        methods = tuple(name for name in _METHODS if re.search(rf"(?i)\b{name}(?:Mapping)?\b", around))
        if is_decorator:
            below = next(
                (
                    item
                    for item in self._code.outline(file.path)
                    if item.last_line >= number
                    and item.first_line >= number - 12
                    and not item.is_value
                    and item.first_line <= number + 12
                ),
                None,
            )
            if below is not None:
                yield Route(path=path, methods=methods, handlers=(below,), file=file.path, line=number)
            return
        pairs = re.findall(r"(?i)\b(get|post|put|patch|delete|head|options)(?:_service)?\(\s*([\w:.]+)", rest)
        for method, name in pairs:
            if handlers := self._handlers(name, file):
                yield Route(
                    path=path, methods=(method.lower(),), handlers=handlers, file=file.path, line=number
                )
        if not pairs:
            handlers = tuple(
                item for name in _HANDLER.findall(rest)[-6:] for item in self._handlers(name, file)
            )
            inline = self._code.function_at(file.path, number)
            if not handlers and inline is not None and re.search(r"=>|func\s*\(|function", rest):
                handlers = (inline,)
            if handlers:
                yield Route(path=path, methods=methods, handlers=handlers, file=file.path, line=number)

    def _handlers(self, name: str, file: SourceFile) -> tuple[Item, ...]:
        parts = [part for part in re.split(r"::|\.", name) if part]
        if not parts or parts[-1] not in self._code.definitions:
            return ()
        found = [item for item in self._code.named(parts[-1]) if not item.is_value]
        if len(found) > 1 and len(parts) > 1:
            module = parts[-2].lower().replace("_", "")
            found = [
                item
                for item in found
                if module in item.path.lower().replace("_", "") or module == item.owner.lower()
            ] or found
        if len(found) > 1:
            beside = file.path.rpartition("/")[0]
            found = [item for item in found if item.path.startswith(beside)] or found
        return tuple(found[:2])


def segments_of(path: str) -> list[str]:
    """The parts of a path or URI, without its query."""
    return [unquote(part) for part in urlsplit(path).path.split("/") if part]


def _is_path(text: str, line: str) -> bool:
    if text.startswith("/"):
        return " " not in text
    return bool(text) and (
        "/" in text
        or bool(re.search(r"(?i)mapping|controller|\bpath\(|@(?:get|post|put|patch|delete)", line))
    )


def _is_parameter(segment: str) -> bool:
    return segment[0] in ":{<*$" or segment.endswith(("}", ">"))


def _score(wanted: list[str], given: list[str], prefixes: set[str]) -> int | None:
    """How well a route fits the end of a request's path; None where it doesn't."""
    if not wanted or len(wanted) > len(given):
        return None
    score = 0
    for want, have in zip(reversed(wanted), reversed(given), strict=False):
        if _is_parameter(want):
            score += 1
        elif want == have:
            score += 4
        else:
            return None
    head = given[: len(given) - len(wanted)]
    unknown = sum(segment not in prefixes for segment in head)
    if all(_is_parameter(segment) for segment in wanted) and head:
        score -= 1
    return score - 2 * unknown + (2 if not head else 0)


def _statement(lines: list[str], at: int, column: int) -> str:
    """The rest of the call that begins on a line: until its brackets close."""
    depth = 1
    taken: list[str] = []
    for number, line in enumerate(lines[at : at + _STATEMENT_LINES]):
        text = line[column:] if number == 0 else line
        for place, letter in enumerate(text):
            depth += letter in "([{"
            depth -= letter in ")]}"
            if depth <= 0:
                return "\n".join([*taken, text[:place]])
        taken.append(text)
    return "\n".join(taken)


def _is_in_attribute(lines: list[str], number: int) -> bool:
    """Whether a line stands in an attribute or decorator that began above: `#[utoipa::path(` over several lines."""
    for line in reversed(lines[max(0, number - 8) : number]):
        if _DECORATES.match(line):
            return True
        if re.search(r"\bfn\b|\bdef\b|[;{}]\s*$", line):
            return False
    return False
