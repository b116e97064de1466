"""What a model wrote, for people to read: a stranger's text, in one line, with no link, mention, command or secret in it.

Where it is shown it is quoted as well; this is for terminals, for what is copied, and for whoever reads fast.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from aiops_daemon.diagnosis.rendering import clean
from aiops_daemon.redaction import Redaction

_BLANKS = re.compile(r"\s+")
_START = r"(?<![A-Za-z0-9])"
_LINK = re.compile(
    rf"(?i)(?:[a-z][a-z0-9+.-]{{1,15}}://|{_START}(?:www\.|mailto:))[^\s<>()\[\]\"'`]+"
    rf"|{_START}(?:discord\.gg|discord\.com|t\.me|t\.co|bit\.ly)/[^\s<>()\[\]\"'`]*"
    rf"|{_START}(?:[a-z0-9-]{{1,63}}\.){{1,6}}(?:com|net|org|io|dev|kr|co|me|gg|xyz|ru|cn|info|link|sh|ly|ai|cloud)/[^\s<>()\[\]\"'`]*"
    rf"|{_START}(?:[a-z0-9-]{{1,63}}\.){{1,6}}(?:com|net|org|xyz)(?![\w.-])"
)
_HOST = re.compile(r"(?i)https?://([a-z0-9.-]{4,253})")
_MARKUP = re.compile(
    r"!?\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)|<(?:[@#][!&]?|:\w{1,40}:)\d{0,25}>|@(?=everyone\b|here\b)"
)
_COMMAND = re.compile(
    rf"(?i){_START}(?:curl|wget|invoke-webrequest|iex|npx|nc|ssh|scp|crontab|powershell)\s+[^\s]|\|\s*(?:ba|z|da)?sh\b|<\(\s*\w"
    rf"|{_START}(?:ba|z|da)?sh\s+(?:-c\b|\S{{1,200}}\.sh\b)|{_START}python[0-9.]*\s+-c\b|{_START}(?:node|perl|ruby)\s+-e\b"
    rf"|{_START}rm\s+--?[a-z]|{_START}chmod\s+(?:\+x|[0-7]{{3,4}}|-r)|{_START}base64\s+(?:-d|--decode)|{_START}sudo\s|{_START}dd\s+if="
    rf"|{_START}(?:drop|truncate)\s+(?:table|database|schema)\b|{_START}delete\s+from\b|{_START}flushall\b|{_START}eval\s*\("
    rf"|{_START}(?:pip3?|npm|yarn|cargo|apt|apt-get|gem|go)\s+(?:install|add|get|i)\s|{_START}kubectl\s+(?:delete|apply|exec)"
    rf"|{_START}git\s+(?:push|reset|clean|checkout)\b|{_START}docker\s+(?:run|exec|rm)\b|{_START}systemctl\s+(?:stop|disable|mask|restart)\b"
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_WITHHELD = "(a command was withheld)"
_REMOVED = "(link removed)"
_MOST_PASSES = 4


def hosts_of(texts: Iterable[str]) -> frozenset[str]:
    """The hosts that the source itself names: those may be spoken of."""
    return frozenset(host.lower().rstrip(".") for text in texts for host in _HOST.findall(text))


def safe(text: str, hosts: frozenset[str], redaction: Redaction) -> str:
    """The text without what could be followed, obeyed or called by."""
    plain = _BLANKS.sub(" ", clean(unicodedata.normalize("NFKC", clean(text)))).strip()
    for _ in range(_MOST_PASSES):
        before = plain
        plain = _MARKUP.sub(lambda match: match[1] or "", plain)
        plain = _LINK.sub(lambda match: _bare(match[0], hosts), plain)
        if plain == before:
            break
    sentences = (_WITHHELD if _COMMAND.search(each) else each for each in _SENTENCE.split(plain))
    return redaction.source(" ".join(sentences))


def _bare(link: str, hosts: frozenset[str]) -> str:
    """The host alone where the source has it, too; any other address goes."""
    host = re.split(r"[/?#:]", re.sub(r"(?i)^[a-z][a-z0-9+.-]*:(?://)?", "", link))[0].lower().rstrip(".,;!?")
    return host if host in hosts else _REMOVED
