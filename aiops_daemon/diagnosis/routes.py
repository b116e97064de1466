"""The route table: which function answers which request, found by how routers look in each framework.

axum, utoipa, actix, FastAPI, Flask, Django, Express, Nest, chi, gin, net/http, Spring: a call or decorator of a known name, a path in
quotes, and a handler named in the same call, or the function below the decorator. What stands before a path is gathered from
the scopes around it, and from whoever nests the function, the variable or the file of its router; as some of it is always missed, a
route is matched from its end.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.router_calls import (
    KEYED,
    METHODS,
    NAME,
    REGISTERS,
    RouterCall,
    arguments_of,
    calls_in,
    is_assigned,
    variable_of,
)
from aiops_daemon.diagnosis.snapshot import SourceFile
from aiops_daemon.diagnosis.syntax import Item

_NESTING = frozenset({"nest", "mount", "use", "include_router", "register_blueprint", "path", REGISTERS})
_MAKERS = frozenset({"group", "apirouter", "blueprint"})
"""Give a router that a variable holds."""
_SCOPES = (_NESTING - {"path"}) | _MAKERS | {"scope", "controller"}
"""Are no route themselves."""
_METHOD_CALL = re.compile(rf"\b({'|'.join(METHODS)}|any|all)(?:_service)?\(", re.IGNORECASE)
_TO = re.compile(r"\s*\.to\(\s*([\w:.]+)")
_CLOSURE = re.compile(r"\s*(?:func\s*\(|\|)")
_INLINE = re.compile(r"=>|\bfunction\b|\bfunc\s*\(|\|[^|\n]*\|")
_CLASS = re.compile(r"\bclass\s+\w+[^{;]{0,300}\{")
_CLASS_WITHIN = 4000
_ENDING = re.compile(r"(?:/(?:index|__init__|mod))?\.\w+$")
_REST = re.compile(r"\*|\{\*|\{\w+\.\.\.|<path:")
"""A parameter that stands for all that follows."""
_DEEPEST = 4
_MOST_SCOPES = 200

_Key = Item | tuple[str, str]
"""What can stand below a path: the routers that a function makes, or a file's variable, or all of a file, where that has no name."""
_Answers = Iterator[tuple[tuple[str, ...], tuple[Item, ...]]]


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
    """Every route of the source.

    Which function answers is found out only for routes whose own path fits: to know one, its file must be taken apart.

    Attributes:
        prefixes: the parts of what stands before paths.
    """

    def __init__(self, code: Code) -> None:
        self._code = code
        self.prefixes: set[str] = set()
        self._made: dict[RouterCall, list[Route]] = {}
        self._scopes: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        self._nests: dict[_Key, list[RouterCall]] = defaultdict(list)
        self._stems = {file.path: f"/{_ENDING.sub('', file.path)}" for file in code.snapshot.code}
        calls = [call for file in code.snapshot.code if not file.is_test for call in calls_in(code, file)]
        for call in calls:
            self._nest(call)
        self._calls = calls

    @property
    def routes(self) -> list[Route]:
        """All of them."""
        return [route for call in self._calls for route in self._of(call)]

    @property
    def segments(self) -> set[str]:
        """The parts of all paths."""
        return {segment for call in self._calls for segment in segments_of(call.path)} | self.prefixes

    def match(self, method: str | None, uri: str) -> list[Match]:
        """The handlers that may answer a request, the best first."""
        segments = segments_of(uri)
        found: list[Match] = []
        fitting = [call for call in self._calls if _ends_like(segments_of(call.path), segments)]
        for route in (route for call in fitting for route in self._of(call)):
            score = _score(segments_of(route.path), segments, self.prefixes)
            if score is None:
                continue
            is_method = not method or not route.methods or method.lower() in route.methods
            value = score - 6 if not is_method else score + 3 if route.methods else score
            found.extend(Match(route=route, handler=handler, score=value) for handler in route.handlers)
        best = max((each.score for each in found), default=0)
        chosen = [each for each in found if each.score >= best - 1 and each.score > 0]
        return sorted(chosen, key=lambda each: -each.score)[:4]

    def _of(self, call: RouterCall) -> list[Route]:
        if call not in self._made:
            self._made[call] = list(self._routes(call))
        return self._made[call]

    def _function(self, call: RouterCall) -> Item | None:
        found = self._code.function_at(call.file.path, call.line)
        return found if found is not None and not found.is_value else None

    def _nest(self, call: RouterCall) -> None:
        """Remember what stands below a path."""
        text, path, scopes = call.file.text, call.file.path, self._scopes[call.file.path]
        is_closure = bool(_CLOSURE.match(call.rest))
        if call.is_decorator:
            found = _CLASS.search(text, call.closes, call.closes + _CLASS_WITHIN)
            if found is None or self._function(call) is not None:
                return
            scopes.append((found.end() - 1, call.pairs.get(found.end() - 1, len(text)), call.path))
        elif call.word in _MAKERS and (name := variable_of(text, call.at)):
            self._nests[path, name].append(call)
        elif call.word in _SCOPES or (call.word == "route" and is_closure):
            end = call.chain_ends if call.word == "scope" else call.closes
            scopes.append((call.opens, end, call.path))
        elif "include(" not in call.rest:
            return
        self.prefixes.update(segments_of(call.path))
        del scopes[_MOST_SCOPES:]
        if call.word in _NESTING and not is_closure:
            for key in self._nested(call):
                self._nests[key].append(call)

    def _nested(self, call: RouterCall) -> Iterator[_Key]:
        """What a call nests: the functions that it calls for a router, or a variable, or what another file exports."""
        called = "" if call.word == REGISTERS else r"\s*\("
        for name in re.findall(rf"({NAME.pattern}){called}", call.rest):
            yield from self._code.functions_of(name, call.file.path)
        if call.word == REGISTERS:
            return
        given = arguments_of(call.rest) or [""]
        last = given[0 if call.word in KEYED else -1].strip()
        if is_assigned(call.file.text, last):
            yield call.file.path, last
        modules = re.findall(r"(?:include|require)\(\s*[\"']([^\"'\n]+)", call.rest)
        for path in self._files(last if NAME.fullmatch(last) else "", call.file, modules):
            yield path, ""

    def _files(self, name: str, file: SourceFile, modules: list[str]) -> Iterator[str]:
        """The files that a name may come from: by its own path, or by the line that imports it."""
        parts = [part for part in re.split(r"::|\.", name) if part]
        modules = [*modules, *parts[-2:-1]]
        if parts:
            line = rf"^.*\b(?:import|from)\b.*\b{parts[0]}\b.*$|^.*\b{parts[0]}\b.*\brequire\(.*$"
            for found in re.finditer(line, file.text, re.MULTILINE):
                modules += re.findall(r"[\"']([^\"'\n]+)[\"']", found.group())[:1]
                modules += re.findall(r"from\s+([\w.]+)\s+import", found.group())
        tails = {re.sub(r"^[./@]+|\.\w{2,3}$", "", module) for module in modules} - {""}
        tails |= {tail.replace(".", "/") for tail in tails}
        for path, stem in self._stems.items():
            if any(stem.endswith(f"/{tail}") for tail in tails):
                yield path

    def _prefixes(self, call: RouterCall, depth: int = 0) -> list[str]:
        """What may stand before the path of a call: that of the scopes around it, and that of what nests them."""
        path, function = call.file.path, self._function(call)
        around = [each for start, end, each in self._scopes[path] if start < call.at < end]
        places: list[RouterCall] = []
        for key in ((path, call.router) if call.router else None, function, (path, "")):
            if key is not None and not places and depth < _DEEPEST:
                places = [each for each in self._nests.get(key, ()) if each is not call]
                if isinstance(
                    key, Item
                ):  # a function that nests itself is one that nests routes within itself
                    places = [each for each in places if self._function(each) != key]
        places = [each for each in places if each.word in _MAKERS] or places
        above = {prefix for place in places[:4] for prefix in self._below(place, depth + 1)} or {""}
        return ["/".join([prefix, *around]) for prefix in sorted(above)]

    def _below(self, place: RouterCall, depth: int) -> list[str]:
        above = self._prefixes(place, depth)
        if place.word == "blueprint" and any(above):
            return above  # Flask: who registers a blueprint decides
        return [f"{prefix}/{place.path}" for prefix in above]

    def _routes(self, call: RouterCall) -> Iterator[Route]:
        for methods, handlers in self._answers(call):
            for prefix in self._prefixes(call) if handlers else ():
                path = "/" + "/".join(part for part in f"{prefix}/{call.path}".split("/") if part)
                yield Route(
                    path=path, methods=methods, handlers=handlers, file=call.file.path, line=call.line
                )

    def _answers(self, call: RouterCall) -> _Answers:
        """The methods and handlers of a call that is a route."""
        if call.is_decorator:
            function = self._function(call)
            yield call.methods, (function,) if function is not None else ()
        elif call.word in {"route", "route_service", "resource"}:
            yield from self._by_method(call)
        elif view := re.search(r"(\w+)\.as_view\(", call.rest):
            for method in METHODS:
                yield (method,), tuple(self._code.named(method, view[1]))
        elif call.word not in _SCOPES:
            yield call.methods, self._answering(call.rest, call)

    def _by_method(self, call: RouterCall) -> _Answers:
        """`get(list).post(create)`, in the brackets of the call, or in a chain behind them."""
        text, behind, is_any = call.file.text, call.opens, True
        end = call.closes if call.rest.strip() else call.chain_ends
        for found in _METHOD_CALL.finditer(text, call.opens, end):
            closes = call.pairs.get(found.end() - 1, -1)
            if found.start() < behind or closes < 0:
                continue
            is_any, behind, method = False, closes, found[1].lower()
            given = text[found.end() : closes]
            if not given and (to := _TO.match(text, closes + 1)):
                given = to[1]
            yield (method,) if method in METHODS else (), self._answering(given, call)
        if is_any:
            yield (), self._answering(call.rest, call)

    def _answering(self, given: str, call: RouterCall) -> tuple[Item, ...]:
        """The handler among what a route is given: the last one, as what stands before it are checks."""
        arguments = [each for each in arguments_of(given) if not re.match(r"\s*\w+\s*=(?![=>])", each)]
        last = arguments[-1] if arguments else ""
        if _INLINE.search(last) and (around := self._function(call)) is not None:
            return (around,)
        names = reversed(NAME.findall(last)[:60])
        return next(filter(None, (self._code.functions_of(name, call.file.path) for name in names)), ())


def segments_of(path: str) -> list[str]:
    """The parts of a path or URI, without its query."""
    try:
        return [unquote(part) for part in urlsplit(path).path.split("/") if part]
    except ValueError:
        return []


def _is_parameter(segment: str) -> bool:
    return segment[0] in ":{<*$" or segment.endswith(("}", ">"))


def _fits(want: str, have: str) -> int:
    """How well a segment fits, 0 where it doesn't."""
    if want == have:
        return 4
    return int(_is_parameter(want) and (not want.startswith("<int:") or have.isdigit()))


def _ends_like(wanted: list[str], given: list[str]) -> bool:
    """Whether a request may end with the path that a call names, whatever stands before that."""
    if wanted and _REST.match(wanted[-1]):
        return True
    return len(wanted) <= len(given) and all(map(_fits, reversed(wanted), reversed(given)))


def _score(wanted: list[str], given: list[str], prefixes: set[str]) -> int | None:
    """How well a route fits the end of a request's path; None where it doesn't."""
    if not wanted or len(wanted) > len(given):
        return None
    if _REST.match(wanted[-1]):
        given = [*given[: len(wanted) - 1], "/".join(given[len(wanted) - 1 :])]
    fits = [_fits(want, have) for want, have in zip(reversed(wanted), reversed(given), strict=False)]
    if not all(fits):
        return None
    head = given[: len(given) - len(wanted)]
    unknown = sum(segment not in prefixes for segment in head)
    is_vague = bool(head) and all(map(_is_parameter, wanted))
    return sum(fits) - 2 * unknown - is_vague + (0 if head else 2)
