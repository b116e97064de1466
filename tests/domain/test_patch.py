"""What `git log` prints is taken apart without a loss, whatever the content looks like."""

import os
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.domain.patch import Commit, commits_of, moment

FORMAT = "--format=%x00%H%x00%P%x00%ct%x00%an%x00%s%x00"
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "김 \u2028철수",
    "GIT_AUTHOR_EMAIL": "kim@example.com",
    "GIT_COMMITTER_NAME": "Kim",
    "GIT_COMMITTER_EMAIL": "kim@example.com",
    "GIT_COMMITTER_DATE": "2026-11-25 12:00:00 +0900",
}


def git(path, *arguments, stdin=b""):
    command = ["git", "-C", str(path), *arguments]
    return subprocess.run(command, input=stdin, env=ENVIRONMENT, check=True, capture_output=True).stdout


def log(path, *arguments):
    raw = git(
        *(path, "-c", "core.quotePath=false", "log", "-p", "--unified=0", "--no-merges", "--find-renames"),
        *(FORMAT, *arguments),
    )
    return commits_of(raw.decode("utf-8", "replace"))


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    return tmp_path


def commit(path, message="change"):
    git(path, "add", "-A")
    git(path, "commit", "--quiet", "--allow-empty", "-F", "-", "--cleanup=verbatim", stdin=message.encode())


def only(path):
    """The one change of the newest commit."""
    (change,) = log(path)[0].changes
    return change


# What a patch itself is made of, line ends of other systems, and what Python's `splitlines` takes for one.
LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "",
                    "-",
                    "+",
                    "--",
                    "++",
                    "-- a/x",
                    "++ b/x",
                    "--- a/x",
                    "+++ b/x",
                    "---",
                    "+++",
                    " ",
                    "\\",
                ),
                *("@@", "@@ -1 +1 @@", "@@ -1,2 +3,4 @@ fn x", "diff --git a/x b/x", "new file mode 100644"),
                *("rename from x", "deleted file mode 100644", "\\ No newline at end of file", "index 1..2"),
                *("\r", "a\r", "\u2028", "a\u2028b", "\x85", "\x0b", "\x0c", "\x1c", "\ufeff", "\r\r"),
                *("commit 0123", "Binary files a/x and b/x differ", "a", "b", "    }", "\t"),
            ]
        ),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n"), max_size=12),
    ),
    max_size=14,
)
CONTENT = st.builds(
    lambda lines, ends: "\n".join(lines) + ("\n" if ends and lines else ""), LINES, st.booleans()
)


def lines_of(content):
    """As git counts them: what stands behind the last line break is a line only where there is something."""
    lines = content.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def applied(change, old):
    """The old lines with every hunk put in its place, each of which must have been where it says."""
    new, at = [], 0
    for hunk in change.hunks:
        assert len(hunk.removed) == hunk.old_count
        assert len(hunk.added) == hunk.new_count
        start = hunk.old_start - 1 if hunk.old_count else hunk.old_start
        new += old[at:start]
        assert len(new) == (hunk.new_start - 1 if hunk.new_count else hunk.new_start)
        assert tuple(old[start : start + hunk.old_count]) == hunk.removed
        new += hunk.added
        at = start + hunk.old_count
    return new + old[at:]


@settings(max_examples=40, deadline=None)
@given(states=st.lists(st.dictionaries(st.sampled_from("abc"), CONTENT, max_size=3), min_size=1, max_size=6))
def test_applying_what_was_parsed_to_the_old_content_gives_the_new(tmp_path_factory, states):
    path = tmp_path_factory.mktemp("applied")
    git(path, "init", "--quiet", "--bare")
    stream = []
    for number, state in enumerate(states, start=1):
        stream.append(
            f"commit refs/heads/main\nmark :{number}\ncommitter K <k@k> {number} +0000\ndata 1\nx\n"
        )
        if number > 1:
            stream.append(f"from :{number - 1}\n")
        stream.append("deleteall\n")
        for name, content in state.items():
            stream.append(f"M 100644 inline {name}\ndata {len(content.encode())}\n{content}\n")
    git(path, "fast-import", "--quiet", stdin="".join(stream).encode())
    commits = log(path, "--no-renames", "refs/heads/main")[::-1]
    assert len(commits) == len(states)
    before = {}
    for parsed, state in zip(commits, states, strict=True):
        after = {name: lines_of(content) for name, content in before.items()}
        for change in parsed.changes:
            name = change.path or change.old_path
            result = applied(change, after.get(name, []))
            assert (change.old_path is None) == (name not in before)
            assert (change.path is None) == (name not in state)
            after[name] = result
            if change.path is None:
                assert after.pop(name) == []
        assert after == {name: lines_of(content) for name, content in state.items()}
        before = state


def test_a_commit_as_it_was_made(repository):
    commit(repository, "first")
    (repository / "a").write_text("1\n")
    commit(repository, "second\n\nwith a body\n")
    second, first = log(repository)
    assert (first.parents, first.changes) == ((), ())
    assert second.parents == (first.sha,)
    assert second.committed_at == datetime(2026, 11, 25, 3, tzinfo=UTC)
    assert (second.author, second.subject) == ("김 \u2028철수", "second")
    assert git(repository, "rev-parse", "HEAD").decode().strip() == second.sha


@pytest.mark.parametrize(
    "subject",
    [
        "diff --git a/x b/x",
        "@@ -1 +1 @@",
        "회고\u2028목록",
        'quote " and \\ and \t tab',
        "\x1b[31mred\x1b[0m",
        "--- a/x",
        "%x00%H",
        "a" * 3000,
        "\x0b\x0c\x85",
    ],
)
def test_subjects_with_odd_characters(repository, subject):
    commit(repository, "before")
    (repository / "a").write_text("1\n")
    commit(repository, subject)
    found = log(repository)
    assert [len(each.changes) for each in found] == [1, 0]
    assert found[0].subject.strip() == subject.strip()


def test_nothing_is_no_commit():
    assert commits_of("") == []
    assert commits_of("fatal: bad object\n") == []


def test_a_moment_is_always_one():
    assert moment("0") == datetime(1970, 1, 1, tzinfo=UTC)
    assert moment("-5") == datetime(1970, 1, 1, tzinfo=UTC)
    assert moment("1764043200") == datetime(2025, 11, 25, 4, tzinfo=UTC)
    assert moment("9" * 30).year == 9999


def test_content_can_t_pass_for_a_commit(repository):
    forged = f"\0{'a' * 40}\0\0" + "1764043200\0Mallory\0harmless\0"
    (repository / "a").write_text(f"{'x' * 9000}\n{forged}\n{forged}")
    commit(repository)
    (found,) = log(repository)
    assert found.author == "김 \u2028철수"
    assert [*found.changes[0].lines][1:] == [forged, forged]


class TestChanges:
    TEXT = "".join(f"line {number}\n" for number in range(20))

    def test_a_new_file_and_its_end(self, repository):
        (repository / "a").write_text("1\n2\n")
        commit(repository)
        change = only(repository)
        assert (change.old_path, change.path, [*change.lines]) == (None, "a", ["1", "2"])
        (repository / "a").unlink()
        commit(repository)
        change = only(repository)
        assert (change.old_path, change.path, [*change.lines]) == ("a", None, ["1", "2"])

    def test_an_empty_file_comes_and_goes(self, repository):
        (repository / "a b").write_text("")
        commit(repository)
        assert (only(repository).old_path, only(repository).path, only(repository).hunks) == (None, "a b", ())
        (repository / "a b").unlink()
        commit(repository)
        assert (only(repository).old_path, only(repository).path) == ("a b", None)

    def test_a_rename_alone(self, repository):
        (repository / "old name").write_text(self.TEXT)
        commit(repository)
        (repository / "old name").rename(repository / "new")
        commit(repository)
        assert (only(repository).old_path, only(repository).path, only(repository).hunks) == (
            "old name",
            "new",
            (),
        )

    def test_a_rename_with_a_change(self, repository):
        (repository / "old").write_text(self.TEXT)
        commit(repository)
        (repository / "old").unlink()
        (repository / "dir").mkdir()
        (repository / "dir" / "new\t회고").write_text(self.TEXT.replace("line 7\n", "changed\n"))
        commit(repository)
        change = only(repository)
        assert (change.old_path, change.path) == ("old", "dir/new\t회고")
        (hunk,) = change.hunks
        assert (hunk.old_start, hunk.removed, hunk.added) == (8, ("line 7",), ("changed",))

    def test_a_mode(self, repository):
        (repository / "a").write_text("1\n")
        commit(repository)
        (repository / "a").chmod(0o755)
        commit(repository)
        assert (only(repository).old_path, only(repository).path, only(repository).hunks) == ("a", "a", ())

    def test_a_file_that_became_a_link(self, repository):
        (repository / "a").write_text("1\n")
        commit(repository)
        (repository / "a").unlink()
        (repository / "a").symlink_to("elsewhere")
        commit(repository)
        gone, made = log(repository)[0].changes
        assert (gone.old_path, gone.path, made.old_path, made.path) == ("a", None, None, "a")

    def test_binary(self, repository):
        (repository / "a.png").write_bytes(b"\0\1\2")
        (repository / "b").write_text("1\n")
        commit(repository)
        (repository / "a.png").write_bytes(b"\0\3")
        (repository / "b").write_text("2\n")
        commit(repository)
        binary, text = log(repository)[0].changes
        assert (binary.old_path, binary.path, binary.hunks) == ("a.png", "a.png", ())
        assert [*text.lines] == ["1", "2"]

    def test_bytes_that_are_no_text(self, repository):
        (repository / "a").write_bytes(b"caf\xe9\nb\n")
        commit(repository)
        assert [*only(repository).lines] == ["caf\N{REPLACEMENT CHARACTER}", "b"]

    def test_merges_are_left_out(self, repository):
        commit(repository, "base")
        git(repository, "checkout", "--quiet", "-b", "side")
        (repository / "side").write_text("1\n")
        commit(repository, "side")
        git(repository, "checkout", "--quiet", "main")
        (repository / "main").write_text("1\n")
        commit(repository, "main")
        git(repository, "merge", "--quiet", "--no-edit", "side")
        assert {each.subject for each in log(repository)} == {"base", "side", "main"}

    @pytest.mark.parametrize(
        "name",
        [
            'quo"te',
            "back\\slash",
            "tab\there",
            "line\nbreak",
            "회고\u2028.rs",
            "bell\a\x01\x7f",
            " blank ",
            "a b/b a",
            "x b/x",
            "rename to y",
            "a/b/c b/b/c",
            "\x85\x0c",
            "\\101",
            '"',
        ],
    )
    def test_names(self, repository, name):
        target = repository / name
        target.parent.mkdir(exist_ok=True, parents=True)
        target.write_text(self.TEXT)
        commit(repository)
        assert (only(repository).old_path, only(repository).path) == (None, name)
        target.write_text(self.TEXT + "more\n")
        commit(repository)
        assert (only(repository).old_path, only(repository).path) == (name, name)
        target.rename(repository / "elsewhere")
        commit(repository)
        assert (only(repository).old_path, only(repository).path) == (name, "elsewhere")
        target.parent.mkdir(exist_ok=True, parents=True)
        (repository / "elsewhere").rename(target)
        commit(repository)
        assert (only(repository).old_path, only(repository).path) == ("elsewhere", name)
        target.unlink()
        commit(repository)
        assert (only(repository).old_path, only(repository).path) == (name, None)


@given(text=st.text(alphabet='\0\n@+-dif gt/ab,0123456789"\\ \t' + "f" * 3, max_size=400))
def test_what_is_no_patch_raises_nothing(text):
    found = commits_of(f"\0{'a' * 40}\0\0" + "1\0a\0s\0\n\ndiff --git " + text)
    assert all(isinstance(each, Commit) for each in found)
