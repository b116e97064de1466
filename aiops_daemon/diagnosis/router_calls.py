"""What routers are told: every call and decorator that speaks of a path, whatever the framework."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aiops_daemon.diagnosis.brackets import Brackets
from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.snapshot import SourceFile

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
NAME = re.compile(r"[A-Za-z_][\w:.]*")
KEYED = frozenset({"apirouter", "blueprint", "include_router", "register_blueprint"})
"""Have their path behind a keyword, or none."""
REGISTERS = "register"
"""The word of a call that hands on routes as they are: `merge`, `service`, `routes!`."""

_SIGNS = re.compile(r"[\"'`](?:[A-Z]+ )?/|Mapping|Controller|path\(|@(?:Get|Post|Put|Delete|Patch)\b")
"""Quick to look for: without one of these there is no route in a file."""
_CALL = re.compile(
    r"(?:\b(\w+)(?:\.|::))?\b(get|post|put|patch|delete|head|options|all|any|route|route_service|resource|scope|nest|mount|use"
    r"|group|controller|handle|handlefunc|path|re_path|include_router|register_blueprint|apirouter|blueprint"
    r"|(?:get|post|put|patch|delete|request)mapping)\b(?=\s*\(|\s*\n)[ \t]*(\()?",
    re.IGNORECASE,
)
_REGISTER = re.compile(r"\.(?:service|merge|configure)\(\s*([\w:]+)|\broutes!\(([^)]{0,1000})\)")
_QUOTED = r"""(["'`])([^"'`\n]{0,200})\1"""
_FIRST = re.compile(rf"\s*[\[{{]?\s*(?:r?{_QUOTED}|((?:\w+(?:::|\.))*[A-Z][A-Z0-9_]+)\b)\s*,?")
_BY_KEY = re.compile(r"\b(?:path|value|prefix|url_prefix)\s*[=:]\s*[\[{]?\s*" + _QUOTED)
_VERB = re.compile(r"([A-Z]+) [\w.:-]*(/.*)")
_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")
_DECORATES = re.compile(r"[ \t]*(?:@|#\[)[\w.:]*$")
_CHAINED = re.compile(r"\s*\.\s*\w+\s*")
_ASSIGNED, _EQUALS = r"\s*(?:(?:export|let|const|var|mut)\s+)*", r"\s*(?::[^=;\n]+)?:?=(?![=>])"
_ASSIGNS = re.compile(rf"{_ASSIGNED}(\w+){_EQUALS}")
_LONGEST = 4000
"""Characters of a call that are read, and of a statement before it."""


@dataclass(frozen=True, slots=True, eq=False)
class RouterCall:
    """A call or decorator that speaks of a path.

    Attributes:
        pairs: where the brackets of its file close.
        at: where it begins; it goes from one bracket, `opens`, to another, `closes`.
        word: its name, in small letters; the method instead where a path of Go begins with one.
        router: the variable that it is called on.
        rest: what stands in its brackets behind the path.
    """

    file: SourceFile
    pairs: Brackets
    at: int
    line: int
    opens: int
    closes: int
    word: str
    router: str = ""
    path: str = ""
    rest: str = ""
    is_decorator: bool = False

    @property
    def chain_ends(self) -> int:
        """Where the calls that are chained to it end."""
        end = self.closes
        while found := _CHAINED.match(self.file.text, end + 1):
            closes = self.pairs.get(found.end(), -1)
            if closes < 0:
                break
            end = closes
        return end

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that it names; none for all of them."""
        word = self.word.removesuffix("mapping")
        if word in METHODS:
            return (word,)
        named = re.findall(r"methods\s*=\s*[\[({]([^\])}]*)|RequestMethod\.(\w+)|^\s*(\w+)\s*,", self.rest)
        words = re.findall(r"\w+", " ".join(part for parts in named for part in parts).lower())
        found = tuple(method for method in METHODS if method in words)
        return found or (("get",) if self.word == "route" and self.is_decorator else ())


def calls_in(code: Code, file: SourceFile) -> Iterator[RouterCall]:
    """The calls of a file."""
    text = file.text
    if not _SIGNS.search(text):
        return
    pairs = Brackets(file)
    line, counted = 1, 0
    for found in _CALL.finditer(text):
        line, counted = line + text.count("\n", counted, found.start()), found.start()
        if (call := _call(code, file, pairs, found, line)) is not None:
            yield call
    line, counted = 1, 0
    for found in _REGISTER.finditer(text):
        line, counted = line + text.count("\n", counted, found.start()), found.start()
        names = found[1] or found[2]
        yield RouterCall(file, pairs, counted, line, counted, found.end(), REGISTERS, rest=names)


def _call(
    code: Code, file: SourceFile, pairs: Brackets, found: re.Match[str], line: int
) -> RouterCall | None:
    text, at, word = file.text, found.start(), found[2].lower()
    is_decorator = bool(_DECORATES.fullmatch(text, text.rfind("\n", 0, at) + 1, at))
    opens = found.start(3) if found[3] else found.end() - 1
    closes = pairs.get(opens, -1) if found[3] else found.end()
    if closes < 0 or not (found[3] or is_decorator):
        return None
    rest = text[opens + 1 : min(closes, opens + _LONGEST)]
    first, keyed = _FIRST.match(rest), _BY_KEY.search(rest)
    if keyed and (word in KEYED or (is_decorator and not first)):
        path = keyed[2]
    elif first and word not in KEYED:
        path, rest = first[2] if first[1] else _constant(code, first[3]), rest[first.end() :]
    elif word in KEYED or (is_decorator and (word.endswith("mapping") or not rest.strip())):
        path = ""
    else:
        return None
    if verb := _VERB.match(path):
        word, path = verb[1].lower(), verb[2]
    if " " in path or not (is_decorator or path[:1] in {"", "/"} or word in {"path", "re_path"}):
        return None
    path = _GROUP.sub(r"<\1>", path).strip("^$")
    router = found[1] or (variable_of(text, at) if word in KEYED or text[at - 1] == "." else "")
    return RouterCall(file, pairs, at, line, opens, closes, word, router, path, rest, is_decorator)


def _constant(code: Code, name: str) -> str:
    """The path that a constant stands for; a blank where it is none."""
    for item in code.named(re.split(r"::|\.", name)[-1]):
        if found := re.search(r"[\"'`](/[^\"'`\n]*)", code.text_of(item)):
            return found[1]
    return " "


def variable_of(text: str, at: int) -> str:
    """What the value of a statement is assigned to, that something stands in."""
    low = max(0, at - _LONGEST)
    begins = max(text.rfind(end, low, at) for end in ";{}") + 1
    line = text.rfind("\n", low, at) + 1
    found = _ASSIGNS.match(text, line, at) or _ASSIGNS.match(text, max(begins, low), at)
    return found[1] if found else ""


def is_assigned(text: str, name: str) -> bool:
    """Whether a file gives a variable its value."""
    return name.isidentifier() and bool(re.search(rf"^{_ASSIGNED}{name}{_EQUALS}", text, re.MULTILINE))


def arguments_of(text: str) -> list[str]:
    """Apart at the commas that stand in no brackets."""
    found, depth, begins = [], 0, 0
    for sign in re.finditer(r"[(\[{}\]),]", text[:_LONGEST]):
        if sign.group() == "," and depth == 0:
            found.append(text[begins : sign.start()])
            begins = sign.end()
        depth += (sign.group() in "([{") - (sign.group() in ")]}")
    return [each for each in (*found, text[begins:]) if each.strip()]
