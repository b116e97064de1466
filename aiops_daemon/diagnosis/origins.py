"""Where what the places found work with comes from: constructors, makers, settings, and the changes of suspects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from aiops_daemon.diagnosis.from_log import FromLog
from aiops_daemon.diagnosis.places import Way
from aiops_daemon.diagnosis.settings_read import Setting
from aiops_daemon.diagnosis.syntax import Item

if TYPE_CHECKING:
    from aiops_daemon.diagnosis.history import Suspect

_SUSPECTS_FOLLOWED = 12
_ITEMS_A_SUSPECT = 8
_TELLING_LINE = 10
_CHANGED_ALONE = 9.0
"""That a suspect changed it is no reason of its own to look at a function: it may change many."""
_PLACES_WITH_ORIGIN = 16
_CONSTRUCTORS = (
    "new",
    "from_env",
    "from_config",
    "connect",
    "build",
    "init",
    "create",
    "__init__",
    "constructor",
    "default",
)


class Origins(FromLog):
    """The ways to what the places found so far are made of."""

    def by_makers(self) -> None:
        """Who makes what the best places work with: `state.http` comes from `http: build_client(...)`."""
        for place in self.ranked()[:_PLACES_WITH_ORIGIN]:
            if place.discount < 1.0 or place.item.is_value:
                continue
            for name, maker in self._code.makers(place.item):
                self._add(
                    maker, Way.ORIGIN, min(20.0, 0.4 * place.score), f"makes the {name} of {place.item.label}"
                )

    def by_construction(self) -> None:
        """What a place works with was put together elsewhere: its type's constructors, what these call, and who calls them."""
        for place in self.ranked()[:_PLACES_WITH_ORIGIN]:
            item = place.item
            if not item.owner or item.name in _CONSTRUCTORS:
                continue
            share = place.score / 100.0
            for name in (*_CONSTRUCTORS, f"New{item.owner}"):
                for constructor in self._code.named(name, "" if name.startswith("New") else item.owner)[:1]:
                    self._add(
                        constructor,
                        Way.ORIGIN,
                        min(22.0, 40 * share),
                        f"makes the {item.owner} of {item.label}",
                    )
                    for callee in self._code.calls(constructor)[:6]:
                        self._add(callee, Way.ORIGIN, min(18.0, 32 * share), f"called by {constructor.label}")
                    for caller in self._callers_of(item.owner, name)[:3]:
                        self._add(caller, Way.ORIGIN, min(14.0, 24 * share), f"makes a {item.owner}")
                        for callee in self._code.calls(caller)[:8]:
                            self._add(callee, Way.ORIGIN, min(12.0, 20 * share), f"called by {caller.label}")

    def _callers_of(self, owner: str, name: str) -> list[Item]:
        pattern = re.compile(
            rf"\b{re.escape(owner)}(?:::|\.){re.escape(name)}\s*\(|\bnew\s+{re.escape(owner)}\s*\("
        )
        found = (self._code.function_at(hit.path, hit.line) for hit in self._code.hits(pattern))
        return list(dict.fromkeys(item for item in found if item is not None and not item.is_value))

    def by_settings(self, settings: Iterable[Setting]) -> None:
        """Who reads a setting from outside, or fixes it, for the places that go by it."""
        best = max((place.score for place in self._found.values()), default=0.0)
        for rank, setting in enumerate(settings):
            for hit in setting.lines:
                file = self._code.snapshot.files[hit.path]
                if file.language is None or file.is_test:
                    continue
                item = self._code.function_at(hit.path, hit.line)
                if item is not None:
                    self._add(
                        item,
                        Way.SETTING,
                        best * 0.35 / (1 + 0.1 * rank),
                        f"sets {setting.name}, which {setting.readers[0]} reads",
                    )

    def by_suspects(self, suspects: Sequence[Suspect]) -> None:
        """What the most suspicious commits changed: the two searches strengthen each other."""
        best = suspects[0].score if suspects else 0.0
        for suspect in suspects[:_SUSPECTS_FOLLOWED]:
            for item in self._changed_by(suspect):
                is_known = item in self._found
                self._add(
                    item,
                    Way.CHANGED,
                    (22.0 if is_known else _CHANGED_ALONE) * suspect.score / best,
                    f"changed by the suspect {suspect.commit.sha[:10]}",
                )

    def _changed_by(self, suspect: Suspect) -> list[Item]:
        """The functions in which lines stand today that a commit added, and those followed back to it."""
        found = dict.fromkeys(suspect.touched)
        for change in suspect.commit.changes:
            file = self._code.snapshot.files.get(change.path or "")
            if file is None or change.old_path is None:
                continue
            added = {
                line.strip()
                for hunk in change.hunks
                for line in hunk.added
                if len(line.strip()) > _TELLING_LINE
            }
            for number, line in enumerate(file.lines, start=1):
                if line.strip() in added and (item := self._code.function_at(file.path, number)) is not None:
                    found.setdefault(item)
        return list(found)[:_ITEMS_A_SUSPECT]
