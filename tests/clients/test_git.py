"""A clone is only read: whatever its owner, its configuration, its file names or its content are up to."""

import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from aiops_daemon.clients import programs
from aiops_daemon.clients.git import Git, GitError
from aiops_daemon.diagnosis.snapshot import LARGEST_FILE_BYTES, snapshot_of

WHO = {
    "GIT_AUTHOR_NAME": "Kim",
    "GIT_AUTHOR_EMAIL": "kim@example.com",
    "GIT_COMMITTER_NAME": "Kim",
    "GIT_COMMITTER_EMAIL": "kim@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}
SHA = "0" * 40


def git(path, *arguments, stdin=b"", when=None):
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when} if when else {}
    return subprocess.run(
        ["git", "-C", str(path), "-c", "protocol.file.allow=always", *arguments],
        input=stdin,
        env={"PATH": os.environ["PATH"], **WHO, **dates},
        check=True,
        capture_output=True,
    ).stdout.decode("utf-8", "surrogateescape")


def commit(path, files=None, message="change", when=None):
    """Write files and commit all there is."""
    for name, content in (files or {}).items():
        target = path / os.fsdecode(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    git(path, "add", "-A")
    git(path, "commit", "--quiet", "--allow-empty", "-m", message, when=when)
    return git(path, "rev-parse", "HEAD").strip()


@pytest.fixture
def clone(tmp_path):
    path = tmp_path / "clone"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    return path


async def refused(awaited):
    """What is said, in one line."""
    with pytest.raises(GitError) as error:
        await awaited
    said = str(error.value)
    assert said
    assert len(said) < 1000
    assert len(said.splitlines()) == 1
    return said


async def everything(path):
    """All that is ever asked of a clone."""
    asked = Git(path)
    sha = await asked.resolve("HEAD")
    entries = await asked.tree(sha)
    blobs = await asked.blobs([entry.sha for entry in entries])
    commits = await asked.patches(sha, most=100)
    return entries, blobs, commits, await asked.patch(sha), await asked.committed_at(sha)


async def all_refused(path):
    asked = Git(path)
    return [
        await refused(call)
        for call in (
            asked.resolve("main"),
            asked.tree(SHA),
            asked.blobs([SHA]),
            asked.patches(SHA, most=3),
            asked.patch(SHA),
            asked.committed_at(SHA),
        )
    ]


class TestWhatIsNoClone:
    async def test_the_path_is_missing(self, tmp_path):
        for said in await all_refused(tmp_path / "gone"):
            assert "No such file or directory" in said

    async def test_there_is_no_repository(self, tmp_path):
        for said in await all_refused(tmp_path):
            assert "not a git repository" in said

    async def test_it_is_a_file(self, tmp_path):
        (tmp_path / "file").write_text("x")
        await all_refused(tmp_path / "file")

    async def test_a_path_with_a_line_break_is_told_in_one_line(self, tmp_path):
        await all_refused(tmp_path / "two\nlines")

    async def test_git_is_missing(self, clone, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        for said in await all_refused(clone):
            assert "git: not installed, or not in PATH" in said

    async def test_git_takes_too_long(self, clone, monkeypatch, tmp_path):
        slow = tmp_path / "bin" / "git"
        slow.parent.mkdir()
        slow.write_text("#!/bin/sh\n/bin/sleep 60 &\nwait\n")
        slow.chmod(0o755)
        monkeypatch.setenv("PATH", str(slow.parent))
        monkeypatch.setattr("aiops_daemon.clients.git._SECONDS", 0.3)
        assert "no end after 0.3 s" in await refused(Git(clone).tree(SHA))

    async def test_more_output_than_memory_can_hold(self, clone, monkeypatch):
        monkeypatch.setattr(programs, "LARGEST_OUTPUT_BYTES", 1 << 20)
        sha = commit(clone, {"a.txt": b"line\n" * 200_000, "b.txt": b"line\n" * 200_000})
        entries = await Git(clone).tree(sha)
        assert "more than 1 MiB" in await refused(Git(clone).patches(sha, most=1))
        assert len(await Git(clone).blobs([entries[0].sha])) == 1

    async def test_the_repository_is_empty(self, clone):
        assert "there is no commit 'main'" in await refused(Git(clone).resolve("main"))
        await refused(Git(clone).tree(SHA))

    async def test_the_base_branch_is_missing(self, clone):
        commit(clone, {"a": "1"})
        said = await refused(Git(clone).resolve("release"))
        assert said == f"{clone}: there is no commit 'release'"

    async def test_a_blob_that_is_missing_is_left_out_or_told(self, clone):
        sha = commit(clone, {"a": "1\n", "b": "2\n"})
        lost, kept = [entry.sha for entry in await Git(clone).tree(sha)]
        (clone / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
        assert [entry.path for entry in await Git(clone).tree(sha)] == ["b"]
        assert await Git(clone).blobs([lost, kept]) == {kept: b"2\n"}
        await refused(Git(clone).patch(sha))

    async def test_a_broken_configuration(self, clone):
        sha = commit(clone)
        (clone / ".git" / "config").write_text("[core\nbroken")
        await refused(Git(clone).tree(sha))


class TestEveryKindOfClone:
    async def test_bare(self, clone, tmp_path):
        sha = commit(clone, {"src/a.rs": "fn a() {}\n"})
        git(tmp_path, "clone", "--quiet", "--bare", str(clone), "bare.git")
        entries, blobs, commits, patch, _ = await everything(tmp_path / "bare.git")
        assert [entry.path for entry in entries] == ["src/a.rs"]
        assert [*blobs.values()] == [b"fn a() {}\n"]
        assert [each.sha for each in commits] == [sha]
        assert "+fn a() {}" in patch

    async def test_shallow(self, clone, tmp_path):
        for number in range(5):
            last = commit(clone, {"a": f"{number}\n"})
        git(tmp_path, "clone", "--quiet", "--depth=2", f"file://{clone}", "shallow")
        entries, _, commits, _, _ = await everything(tmp_path / "shallow")
        assert len(entries) == 1
        assert [each.sha for each in commits][:1] == [last]
        assert len(commits) == 2

    async def test_partial(self, clone, tmp_path):
        git(clone, "config", "uploadpack.allowFilter", "true")
        commit(clone, {"a": "1\n"})
        sha = commit(clone, {"a": "2\n"})
        git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{clone}", "partial")
        assert [entry.path for entry in await Git(tmp_path / "partial").tree(sha)] == ["a"]
        await refused(Git(tmp_path / "partial").patches(sha, most=5))

    async def test_a_linked_work_tree(self, clone, tmp_path):
        sha = commit(clone, {"a": "1\n"})
        git(clone, "worktree", "add", "--quiet", str(tmp_path / "linked"))
        assert await Git(tmp_path / "linked").resolve("main") == sha
        assert len((await everything(tmp_path / "linked"))[0]) == 1

    async def test_a_folder_within_it_and_a_link_to_it(self, clone, tmp_path):
        sha = commit(clone, {"src/a.rs": "1\n", "b.rs": "1\n"})
        (tmp_path / "link").symlink_to(clone)
        for path in (clone / "src", tmp_path / "link", tmp_path / "link" / "src"):
            entries = await Git(path).tree(sha)
            assert [entry.path for entry in entries] == ["b.rs", "src/a.rs"]
            (found,) = await Git(path).patches(sha, most=5, paths=["src/a.rs"])
            assert [change.path for change in found.changes] == ["src/a.rs"]

    async def test_what_is_not_committed_is_not_seen(self, clone):
        sha = commit(clone, {"a": "committed\n"})
        (clone / "a").write_text("changed\n")
        (clone / "staged").write_text("staged\n")
        git(clone, "add", "staged")
        (clone / "untracked").write_text("untracked\n")
        entries, blobs, commits, _, _ = await everything(clone)
        assert [entry.path for entry in entries] == ["a"]
        assert [*blobs.values()] == [b"committed\n"]
        assert [each.sha for each in commits] == [sha]

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    @pytest.mark.parametrize("way", ["itself", "a link", "a folder", "bare"])
    async def test_owned_by_somebody_else(self, clone, tmp_path, way):
        commit(clone, {"src/a": "1\n"})
        path = clone
        if way == "a link":
            path = tmp_path / "link"
            path.symlink_to(clone)
        elif way == "a folder":
            path = clone / "src"
        elif way == "bare":
            path = tmp_path / "bare.git"
            git(tmp_path, "clone", "--quiet", "--bare", str(clone), str(path))
        for each in (tmp_path, *tmp_path.rglob("*")):
            os.chown(each, 12345, 12345, follow_symlinks=False)
        assert len((await everything(path))[0]) == 1


class TestNames:
    NAMES = (
        b"line\nbreak.rs",
        b"tab\there.rs",
        b'quo"te.rs',
        b"back\\slash.rs",
        b"-h",
        b"--output=x.rs",
        b"..a/..b.rs",
        b"a..b.rs",
        b":(glob)**",
        b":!a",
        b"*.rs",
        b"[a].rs",
        b"caf\xe9.rs",
        "회고\u2028.rs".encode(),
        b" blank ",
        b"a/b/" + b"x" * 250,
    )

    async def test_every_name_is_taken_literally(self, clone):
        sha = commit(clone, dict.fromkeys(self.NAMES, b"1\n"))
        entries, blobs, (made,), _, _ = await everything(clone)
        assert {os.fsencode(entry.path) for entry in entries} == set(self.NAMES)
        assert [*blobs.values()] == [b"1\n"]
        expected = {name.decode("utf-8", "replace") for name in self.NAMES}
        assert {change.path for change in made.changes} == expected
        for name in self.NAMES:
            (found,) = await Git(clone).patches(sha, most=5, paths=[os.fsdecode(name)])
            assert [change.path for change in found.changes] == [name.decode("utf-8", "replace")]

    async def test_a_pattern_as_a_path_finds_nothing(self, clone):
        sha = commit(clone, {"a.rs": "1\n"})
        for path in ("*.rs", ":(glob)**", ":/", "../clone/a.rs/x", "?.rs"):
            try:
                assert await Git(clone).patches(sha, most=5, paths=[path]) == []
            except GitError:
                continue

    async def test_what_is_no_readable_text_is_left_out_of_a_snapshot(self, clone):
        (clone / "link.rs").symlink_to("/etc/passwd")
        (clone / "up").symlink_to("..")
        other = clone.parent / "other"
        other.mkdir()
        git(other, "init", "--quiet")
        commit(other, {"x.rs": "1"})
        git(clone, "submodule", "--quiet", "add", str(other), "sub")
        sha = commit(
            clone,
            {
                "good.rs": "fn a() {}\n",
                "binary.rs": b"fn\0a",
                "huge.rs": b"a\n" * LARGEST_FILE_BYTES,
                "line.rs": b"a" * 5000,
                "bad\nname.rs": "fn b() {}\n",
                b"caf\xe9.rs": "fn c() {}\n",
                "latin.rs": b"// caf\xe9\r\nfn d() {}\r\n",
            },
        )
        assert not {"link.rs", "up", "sub"} & {entry.path for entry in await Git(clone).tree(sha)}
        snapshot = await snapshot_of(Git(clone), sha)
        assert set(snapshot.files) == {"good.rs", "latin.rs"}
        assert snapshot.files["latin.rs"].text == "// caf\N{REPLACEMENT CHARACTER}\nfn d() {}\n"
        assert snapshot.left_out == 6

    async def test_a_huge_file_has_no_lines_in_a_patch(self, clone):
        commit(clone, {"huge.txt": b"line\n" * 300_000, "small.txt": b"line\n"})
        ((huge, small),) = [each.changes for each in (await everything(clone))[2]]
        assert (huge.path, huge.hunks) == ("huge.txt", ())
        assert [*small.lines] == ["line"]


REVISIONS = (
    *(
        "",
        " ",
        "--upload-pack=x",
        "-h",
        "--all",
        "--output=marker",
        "a..b",
        "HEAD..HEAD",
        "HEAD...HEAD",
        "^HEAD",
    ),
    *("HEAD\0", "HEAD\n", "HEAD HEAD", ":/change", "HEAD^{/change}", "HEAD:a", ":a", "@{-1}", "HEAD@{now}"),
    *(
        "\ud800",
        "x" * 300,
        "x" * 300_000,
        "../../etc/passwd",
        "$(touch marker)",
        "HEAD^{tree}",
        "HEAD^9",
        "a\u2028b",
    ),
)


class TestRevisions:
    @pytest.mark.parametrize("revision", REVISIONS, ids=lambda text: ascii(text[:20]))
    async def test_no_commit(self, clone, revision):
        commit(clone, {"a": "1\n"})
        asked = Git(clone)
        await refused(asked.resolve(revision))
        await refused(asked.tree(revision))
        await refused(asked.patches(revision, most=1))
        await refused(asked.patch(revision))
        await refused(asked.committed_at(revision))
        assert await asked.blobs([revision]) == {}
        assert not (clone / "marker").exists()

    async def test_what_is_one(self, clone):
        first = commit(clone, {"a": "1\n"})
        second = commit(clone, {"a": "2\n"})
        git(clone, "tag", "-a", "v1.2+x", "-m", "annotated")
        git(clone, "branch", "feature/회고-#1")
        git(clone, "update-ref", "refs/remotes/origin/main", first)
        asked = Git(clone)
        names = ("HEAD", "main", "refs/heads/main", "v1.2+x", "feature/회고-#1", second, second[:10], "@")
        assert {await asked.resolve(name) for name in names} == {second}
        for name in ("origin/main", "refs/remotes/origin/main", "HEAD~1", "main^"):
            assert await asked.resolve(name) == first

    async def test_an_object_of_another_kind_is_no_commit(self, clone):
        sha = commit(clone, {"a": "123\n"})
        (entry,) = await Git(clone).tree(sha)
        tree = git(clone, "rev-parse", "HEAD^{tree}").strip()
        for other in (entry.sha, tree):
            for call in (Git(clone).resolve, Git(clone).tree, Git(clone).committed_at, Git(clone).patch):
                await refused(call(other))
        assert await Git(clone).blobs([tree, SHA, "abc", "a b\nc", entry.sha]) == {entry.sha: b"123\n"}

    async def test_a_branch_named_like_a_file_is_a_branch(self, clone):
        sha = commit(clone, {"main": "1\n"})
        assert (await Git(clone).patches("main", most=1))[0].sha == sha
        assert await Git(clone).patch("main")


class TestWhatIsPlanted:
    @pytest.fixture
    def planted(self, clone, tmp_path):
        """A clone whose configuration names a program wherever git can be made to start one."""
        marker = tmp_path / "markers"
        marker.mkdir()

        def program(name):
            path = tmp_path / f"{name}.sh"
            path.write_text(f"#!/bin/sh\ntouch '{marker}/{name}'\ncat 2>/dev/null\nexit 0\n")
            path.chmod(0o755)
            return str(path)

        commit(clone, {"a.rs": "old\n"})
        commit(clone, {"a.rs": "new\n"})
        signed = git(clone, "cat-file", "commit", "HEAD").replace(
            "\n\n",
            "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n aGk=\n -----END PGP SIGNATURE-----\n\n",
            1,
        )
        sha = git(clone, "hash-object", "-t", "commit", "-w", "--stdin", stdin=signed.encode()).strip()
        git(clone, "update-ref", "refs/heads/main", sha)
        hooks = clone / ".git" / "hooks"
        for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
            shutil.copy(program(name), hooks / name)
        attributes = "* diff=evil filter=evil merge=evil\n"
        (clone / ".gitattributes").write_text(attributes)
        (clone / ".git" / "info").mkdir(exist_ok=True)
        (clone / ".git" / "info" / "attributes").write_text(attributes)
        for key, value in {
            "core.hooksPath": str(hooks),
            "core.fsmonitor": program("fsmonitor"),
            "core.pager": program("pager"),
            "pager.log": program("pager_log"),
            "pager.show": "true",
            "core.editor": program("editor"),
            "core.sshCommand": program("ssh"),
            "core.askPass": program("askpass"),
            "core.gitProxy": program("proxy"),
            "core.alternateRefsCommand": program("alternates"),
            "core.attributesFile": str(clone / ".gitattributes"),
            "diff.external": program("external"),
            "diff.evil.command": program("driver"),
            "diff.evil.textconv": program("textconv"),
            "filter.evil.clean": program("clean"),
            "filter.evil.smudge": program("smudge"),
            "filter.evil.process": program("process"),
            "merge.evil.driver": program("merge"),
            "interactive.diffFilter": program("diff_filter"),
            "log.showSignature": "true",
            "gpg.program": program("gpg"),
            "gpg.openpgp.program": program("gpg2"),
            "credential.helper": program("credential"),
            "alias.log": f"!{program('alias')}",
            "alias.rev-parse": f"!{program('alias')}",
            "alias.ls-tree": f"!{program('alias')}",
            "uploadpack.packObjectsHook": program("pack"),
        }.items():
            git(clone, "config", key, value)
        return clone, marker

    async def test_nothing_of_it_runs(self, planted):
        clone, marker = planted
        (clone / "a.rs").write_text("dirty\n")
        _, blobs, commits, patch, _ = await everything(clone)
        assert [*marker.iterdir()] == []
        assert [*blobs.values()] == [b"new\n"]
        assert [*commits[0].changes[0].lines] == ["old", "new"]
        assert "-old" in patch
        assert "+new" in patch

    def test_it_would_run_elsewhere(self, planted):
        """The trap is a real one: git by itself walks into it."""
        clone, marker = planted
        (clone / "a.rs").write_text("dirty\n")
        git(clone, "log", "-p", "-1", "--ext-diff")
        git(clone, "status")
        assert {"fsmonitor", "driver", "gpg2"} <= {each.name for each in marker.iterdir()}

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("diff.noprefix", "true"),
            ("diff.mnemonicPrefix", "true"),
            ("diff.interHunkContext", "50"),
            ("diff.context", "9"),
            ("diff.renames", "copies"),
            ("diff.renames", "false"),
            ("diff.relative", "true"),
            ("diff.orderFile", "/nowhere"),
            ("diff.submodule", "log"),
            ("diff.wordRegex", "."),
            ("diff.suppressBlankEmpty", "true"),
            ("color.ui", "always"),
            ("core.quotePath", "true"),
            ("core.abbrev", "4"),
            ("core.worktree", "/nowhere"),
            ("log.showRoot", "false"),
            ("log.follow", "true"),
            ("log.decorate", "full"),
            ("log.date", "relative"),
            ("format.pretty", "raw"),
            ("i18n.logOutputEncoding", "UTF-16"),
        ],
    )
    async def test_a_patch_looks_the_same_whatever_is_configured(self, clone, key, value):
        commit(clone, {"회고.rs": "".join(f"line {n}\n" for n in range(30)), "z.rs": "1\n"}, "처음")
        (clone / "회고.rs").rename(clone / "moved.rs")
        commit(clone, {"moved.rs": "first\n" + "".join(f"line {n}\n" for n in range(28)) + "last\n"})
        before = await Git(clone).patches("main", most=9)
        assert len(before[0].changes[0].hunks) == 2
        git(clone, "config", key, value)
        assert await Git(clone).patches("main", most=9) == before
        assert [each.subject for each in before] == ["change", "처음"]

    async def test_the_caller_s_environment_has_no_effect(self, clone, tmp_path, monkeypatch):
        commit(clone, {"a": "1\n"})
        sha = commit(clone, {"a": "2\n"})
        before = await everything(clone)
        marker = tmp_path / "marker"
        program = tmp_path / "evil.sh"
        program.write_text(f"#!/bin/sh\ntouch '{marker}'\n")
        program.chmod(0o755)
        home = tmp_path / "home"
        home.mkdir()
        (home / ".gitconfig").write_text(f"[diff]\n\texternal = {program}\n\tnoprefix = true\n")
        for name, value in {
            "GIT_DIR": str(tmp_path / "nowhere"),
            "GIT_WORK_TREE": "/",
            "GIT_INDEX_FILE": "/nowhere",
            "GIT_OBJECT_DIRECTORY": "/nowhere",
            "GIT_EXTERNAL_DIFF": str(program),
            "GIT_PAGER": str(program),
            "GIT_TRACE": str(tmp_path / "trace"),
            "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "diff.external",
            "GIT_CONFIG_VALUE_0": str(program),
            "GIT_CONFIG_PARAMETERS": "'diff.noprefix=true'",
            "GIT_NAMESPACE": "x",
            "GIT_GLOB_PATHSPECS": "1",
            "GIT_DIFF_OPTS": "-u50",
            "GIT_ATTR_SOURCE": "nothing",
            "LC_ALL": "ko_KR.UTF-8",
            "HOME": str(home),
        }.items():
            monkeypatch.setenv(name, value)
        assert await everything(clone) == before
        assert await Git(clone).resolve("main") == sha
        assert not marker.exists()
        assert not (tmp_path / "trace").exists()

    async def test_a_replaced_object_is_not_followed(self, clone):
        first = commit(clone, {"a": "1\n"})
        second = commit(clone, {"a": "2\n"})
        git(clone, "replace", second, first)
        assert [each.sha for each in await Git(clone).patches(second, most=9)] == [second, first]


class TestPatches:
    async def test_how_many_since_when_and_where(self, clone):
        shas = [
            commit(clone, {f"{n % 2}.rs": f"{n}\n"}, when=f"2026-11-{n:02} 12:00:00 +0000")
            for n in range(1, 9)
        ]
        asked = Git(clone)
        newest_first = shas[::-1]
        assert [each.sha for each in await asked.patches("main", most=3)] == newest_first[:3]
        since = datetime(2026, 11, 6, tzinfo=UTC)
        assert [each.sha for each in await asked.patches("main", most=9, since=since)] == newest_first[:3]
        found = await asked.patches("main", most=9, paths=["1.rs"])
        assert [each.sha for each in found] == newest_first[1::2]
        assert await asked.committed_at(shas[0]) == datetime(2026, 11, 1, 12, tzinfo=UTC)

    @pytest.mark.parametrize("seconds", ["0", "253402300800", "99999999999999", "9223372036854775807"])
    async def test_a_moment_that_no_calendar_knows(self, clone, seconds):
        commit(clone, {"a": "1\n"})
        raw = git(clone, "cat-file", "commit", "HEAD").splitlines(keepends=True)
        made = "".join(
            f"{line.rsplit(maxsplit=2)[0]} {seconds} +0000\n" if line.startswith("committer") else line
            for line in raw
        )
        sha = git(
            clone, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=made.encode()
        ).strip()
        (found,) = await Git(clone).patches(sha, most=1)
        assert found.committed_at == await Git(clone).committed_at(sha)
