"""Line history: the lines of a place are followed back through what was inserted, deleted and renamed, to whoever changed them."""

import difflib
import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.diagnosis import history
from aiops_daemon.diagnosis.clues import Clues
from aiops_daemon.diagnosis.places import Place, Way
from aiops_daemon.diagnosis.settings_read import Setting
from aiops_daemon.diagnosis.syntax import Item
from aiops_daemon.domain.patch import Commit, FileChange, Hunk

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
CLUES = Clues(code=None, messages=(), began_at=NOON)


def hunks_between(old, new):
    """As `git diff --unified=0` has them."""
    found = []
    for tag, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag != "equal":
            found.append(
                Hunk(
                    old_start=a + 1 if b > a else a,
                    old_count=b - a,
                    new_start=c + 1 if d > c else c,
                    new_count=d - c,
                    removed=tuple(old[a:b]),
                    added=tuple(new[c:d]),
                )
            )
    return tuple(found)


def commit(number, *changes, days=1):
    return Commit(
        sha=f"{number:040x}",
        parents=("0" * 40,),
        committed_at=NOON - timedelta(days=days * number),
        author="a",
        subject=f"commit {number}",
        changes=changes,
    )


def change(old, new, path="src/a.rs", old_path="src/a.rs"):
    return FileChange(old_path=old_path, path=path, hunks=hunks_between(old, new))


def place(first, last, path="src/a.rs", score=10.0):
    item = Item(path=path, name="f", owner="", first_line=first, last_line=last)
    return Place(item, ways={Way.WORDS: score})


def touched(commits, places):
    found = history.suspects(commits, places, (), CLUES, ())
    return {suspect.commit.subject for suspect in found if any("f" in why.split() for why in suspect.whys)}


FILE = [f"line {number}" for number in range(1, 21)]


def test_only_who_changed_the_lines_themselves_is_suspected():
    now = ["new head", *FILE]
    changed = [*FILE[:10], "line 11 as it was before", *FILE[11:]]
    commits = [
        commit(1, change(FILE, now)),  # above it
        commit(2, change(changed, FILE)),  # within it
        commit(3, change([*changed[:17], *changed[18:]], changed)),  # below it
    ]
    assert touched(commits, [place(11, 14)]) == {"commit 2"}


def test_a_deletion_within_the_lines_counts_though_nothing_is_left_of_it():
    before = [*FILE[:10], "retry()", *FILE[10:]]
    assert touched([commit(1, change(before, FILE))], [place(8, 14)]) == {"commit 1"}
    assert touched([commit(1, change(before, FILE))], [place(14, 16)]) == set()


def test_lines_are_followed_through_renames():
    commits = [
        commit(1, FileChange(old_path="src/old.rs", path="src/a.rs", hunks=())),
        commit(2, change([*FILE[:5], "other"], FILE[:6], path="src/old.rs", old_path="src/old.rs")),
    ]
    assert touched(commits, [place(6, 6)]) == {"commit 2"}


def test_what_only_moves_blanks_is_no_change():
    spread = [*FILE[:4], "call( a,", "  b )", *FILE[4:]]
    joined = [*FILE[:4], "call(a, b)", *FILE[4:]]
    assert touched([commit(1, change(spread, joined))], [place(3, 8)]) == set()


def test_who_wrote_the_file_counts_for_less_than_who_changed_it():
    first = commit(2, FileChange(old_path=None, path="src/a.rs", hunks=hunks_between([], FILE)))
    later = commit(1, change([*FILE[:5], "before", *FILE[6:]], FILE))
    found = history.suspects([later, first], [place(4, 8)], (), CLUES, ())
    assert [suspect.commit for suspect in found] == [later, first]


def test_the_older_a_change_of_the_same_lines_the_less_it_counts():
    versions = [["fn f() {", f"    wait({seconds})", "}"] for seconds in range(5)]
    commits = [
        commit(number, change(old, new))
        for number, (new, old) in enumerate(itertools.pairwise(reversed(versions)), start=1)
    ]
    found = history.suspects(commits, [place(1, 3)], (), CLUES, ())
    weights = {suspect.commit.subject: suspect.kinds["lines"][0] for suspect in found}
    assert [weights[f"commit {number}"] for number in (1, 2, 3, 4)] == pytest.approx(
        [40.0, 40 / 2**0.5, 40 / 3**0.5, 20.0]
    )


def test_a_changed_setting_leads_to_its_commit():
    env = commit(
        3,
        FileChange(
            old_path=".env.example",
            path=".env.example",
            hunks=hunks_between(["DB_POOL_MAX=20"], ["DB_POOL_MAX=2"]),
        ),
    )
    other = commit(1, change(FILE, ["x", *FILE]))
    found = history.suspects(
        [other, env], [place(11, 12)], [Setting("DB_POOL_MAX", ("connect",), ())], CLUES, ()
    )
    assert found[0].commit == env
    assert found[0].reasons[0] == "changed lines with DB_POOL_MAX"


def test_tests_and_what_came_after_it_began_count_for_little():
    in_test = commit(
        1, change([*FILE[:5], "before", *FILE[6:]], FILE, path="tests/a.rs", old_path="tests/a.rs")
    )
    source = commit(2, change([*FILE[:5], "before", *FILE[6:]], FILE))
    later = commit(-1, change([*FILE[:5], "before", *FILE[6:]], FILE, path="src/b.rs", old_path="src/b.rs"))
    places = [place(4, 8), place(4, 8, path="tests/a.rs"), place(4, 8, path="src/b.rs")]
    found = history.suspects([later, in_test, source], places, (), CLUES, ())
    assert found[0].commit == source


lines = st.lists(st.integers(0, 10**6), min_size=12, max_size=30, unique=True)


@given(
    file=lines,
    edits=st.lists(st.tuples(st.booleans(), st.integers(0, 29), st.integers(1, 3)), max_size=5),
    width=st.integers(1, 5),
    start=st.integers(0, 6),
)
def test_lines_that_nobody_touched_are_found_where_they_stood(file, edits, width, start):
    """Whatever is inserted and deleted around them, they are mapped to the same lines of the older file."""
    new = [str(number) for number in file]
    kept = new[start + 2 : start + 2 + width]
    old = list(new)
    for number, (inserts, at, count) in enumerate(edits):
        first, last = old.index(kept[0]), old.index(kept[-1])
        if inserts:
            spot = at % (len(old) + 1)
            if not first < spot <= last:
                old[spot:spot] = [f"only in the old file {number} {n}" for n in range(count)]
        else:
            spot = at % len(old)
            doomed = [line for line in old[spot : spot + count] if line not in kept]
            old = [line for line in old if line not in doomed]
    first = new.index(kept[0]) + 1
    tracked = history._Tracked(place(first, first + width - 1), first, first + width - 1)
    file_change = FileChange(old_path="a", path="a", hunks=hunks_between(old, new))
    assert not [hunk for hunk in file_change.hunks if hunk.new_count and history._meets(hunk, tracked)]
    before = history._before(file_change, tracked)
    assert old[before.first - 1 : before.last] == kept
