"""The outline of a file: what is defined, what it belongs to, and on which lines it stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.diagnosis.snapshot import LANGUAGES, SourceFile
from aiops_daemon.diagnosis.syntax import outline

RUST = """\
//! What the module is about.

use std::fmt;

/// Seconds.
pub const TIMEOUT: u64 = 8; // not a comment of what follows
static POOL: OnceCell<Pool> = OnceCell::new();

// A comment with a blank line below is about something else.

#[derive(Debug)]
pub struct Member {
    id: u64,
}

/// Every kind.
#[derive(Debug)]
#[serde(rename_all = "camelCase")]
enum Kind {
    A,
}

pub trait Store {
    async fn find(&self, id: u64) -> Option<Member>;
    fn all(&self) -> Vec<Member> {
        Vec::new()
    }
}

impl<'a, T: Store> fmt::Display for crate::views::Page<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fn inner(x: u8) -> u8 {
            x
        }
        write!(f, "{}", inner(1))
    }
}

impl Store for &'static Member {
    /// Documented
    /// on two lines.
    #[tracing::instrument(
        skip(self),
    )]
    async fn find(&self, id: u64) -> Option<Member> {
        None
    }
}

impl Member {
    pub const fn new(id: u64) -> Self { Self { id } }
    pub async fn save<S>(&self, store: S) -> Result<(), Error>
    where
        S: Store,
    {
        let later = move || { store.put(self) };
        tokio::select! {
            _ = later() => {}
        }
        Ok(())
    }
}

macro_rules! give {
    ($x:expr) => { fn made() {} };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn finds() {}
}
"""

PYTHON = '''\
"""Docs."""
import os

TIMEOUT: int = 8
retries = int(os.environ["RETRIES"])
a.b = 1


# Documented.
@app.get("/members/{id}")
@cached(
    seconds=5,
)
async def find(id: int) -> Member:
    local = 1
    def inner():
        return local
    return inner()


class Service(Base):
    limit = 5

    def __init__(self):
        self.x = 1

    @property
    def name(self): return "x"

    class Inner:
        @staticmethod
        def deep():
            pass


if os.name == "posix":
    def conditional():
        pass
'''

TYPESCRIPT = """\
import { x } from 'y';

export const LIMIT = 5;
const table = { a: 1 }, other = 3;

/** Documented. */
export async function find(id: number): Promise<Member> {
  const local = 1;
  const inner = (x) => x + local;
  return inner(id);
}

export default function main() {}

export const create = async (req, res) => {
  res.json({});
};
const legacy = function () {};
export const wrapped = asyncHandler(async (req, res) => {
  next();
});
const names = list.map((each) => each.name);

exports.remove = async (req, res) => {};
module.exports.update = function (req) {};

const service = {
  get(id) { return id; },
  put: async (id) => {
    return id;
  },
  drop: function () {},
};

// About the controller.
@Controller('members')
export class MemberController extends Base {
  private readonly cache = new Map();
  handle = async (x) => x;
  constructor(private readonly members: MemberService) {
    super();
  }

  // About it.
  @Get(':id')
  @UseGuards(Auth)
  async findOne(@Param('id') id: string) {
    return this.members.find(id);
  }

  static of<T>(x: T): T { return x; }
  get size() { return 1; }
  #hidden() {}
}

abstract class Repository {
  abstract find(): void;
  save() {}
}

interface Member {
  id: number;
}
type Id = string;
enum Kind { A }
function* walk() {}
const cast = <T,>(x: T) => x;
"""

GO = """\
package members

const Limit = 5

// Documented.
const (
	First  = 1
	// Documented, too.
	Second = 2
)

var ErrMissing = errors.New("missing")

var handler = func(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(200)
}

type Store[K comparable, V any] struct {
	items map[K]V
}

// Get finds one.
func (s *Store[K, V]) Get(key K) (V, error) {
	const local = 1
	inner := func() int { return local }
	return s.items[key], nil
}

func (m Member) Name() string { return m.name }
func (Member) Plain() {}

func New(name string) *Member {
	var x = 1
	return &Member{name}
}
"""

JAVA = """\
package x;

@RestController
@RequestMapping("/members")
public class MemberController<T> {
    private static final int LIMIT = 5;
    private final MemberService members;

    public MemberController(MemberService members) {
        this.members = members;
    }

    /** Documented. */
    @GetMapping("/{id}")
    public ResponseEntity<Member> find(@PathVariable Long id) {
        Runnable later = () -> members.touch(id);
        return members.find(id);
    }

    static class Inner {
        void deep() {}
    }

    enum Kind {
        A;
        String label() { return ""; }
    }
}

record Point(int x, int y) {
    Point {
        check(x);
    }
    int sum() { return x + y; }
}

interface Store {
    Member find(Long id);
    default void drop() {}
}
"""


def items(text, path):
    language = LANGUAGES["." + path.rpartition(".")[2]]
    return outline(SourceFile(path=path, text=text, language=language, is_settings=False, is_test=False))


def told(text, path):
    """What the outline says, each item with the lines that its first and its last one are."""
    lines = ["", *text.split("\n")]
    return [
        (each.label, lines[each.first_line].strip(), lines[each.last_line].strip(), each.is_value)
        for each in items(text, path)
    ]


def functions(text, path):
    return {label: (first, last) for label, first, last, is_value in told(text, path) if not is_value}


def values(text, path):
    return {label: (first, last) for label, first, last, is_value in told(text, path) if is_value}


def test_rust():
    assert functions(RUST, "a.rs") == {
        "Store.find": ("async fn find(&self, id: u64) -> Option<Member>;",) * 2,
        "Store.all": ("fn all(&self) -> Vec<Member> {", "}"),
        "Page.fmt": ("fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {", "}"),
        "Page.inner": ("fn inner(x: u8) -> u8 {", "}"),
        "Member.find": ("/// Documented", "}"),
        "Member.new": ("pub const fn new(id: u64) -> Self { Self { id } }",) * 2,
        "Member.save": ("pub async fn save<S>(&self, store: S) -> Result<(), Error>", "}"),
        "finds": ("#[tokio::test]", "async fn finds() {}"),
    }
    assert values(RUST, "a.rs") == {
        "TIMEOUT": ("/// Seconds.", "pub const TIMEOUT: u64 = 8; // not a comment of what follows"),
        "POOL": ("static POOL: OnceCell<Pool> = OnceCell::new();",) * 2,
        "Member": ("#[derive(Debug)]", "}"),
        "Kind": ("/// Every kind.", "}"),
    }


def test_python():
    assert functions(PYTHON, "a.py") == {
        "find": ("# Documented.", "return inner()"),
        "inner": ("def inner():", "return local"),
        "Service.__init__": ("def __init__(self):", "self.x = 1"),
        "Service.name": ("@property", 'def name(self): return "x"'),
        "Inner.deep": ("@staticmethod", "pass"),
        "conditional": ("def conditional():", "pass"),
    }
    assert values(PYTHON, "a.py") == {
        "TIMEOUT": ("TIMEOUT: int = 8",) * 2,
        "retries": ('retries = int(os.environ["RETRIES"])',) * 2,
    }


@pytest.mark.parametrize("path", ["a.ts", "a.tsx", "a.js", "a.mjs"])
def test_typescript(path):
    assert functions(TYPESCRIPT, path) == {
        "find": ("/** Documented. */", "}"),
        "inner": ("const inner = (x) => x + local;",) * 2,
        "main": ("export default function main() {}",) * 2,
        "create": ("export const create = async (req, res) => {", "};"),
        "legacy": ("const legacy = function () {};",) * 2,
        "wrapped": ("export const wrapped = asyncHandler(async (req, res) => {", "});"),
        "remove": ("exports.remove = async (req, res) => {};",) * 2,
        "update": ("module.exports.update = function (req) {};",) * 2,
        "service.get": ("get(id) { return id; },",) * 2,
        "service.put": ("put: async (id) => {", "},"),
        "service.drop": ("drop: function () {},",) * 2,
        "MemberController.handle": ("handle = async (x) => x;",) * 2,
        "MemberController.constructor": ("constructor(private readonly members: MemberService) {", "}"),
        "MemberController.findOne": ("// About it.", "}"),
        "MemberController.of": ("static of<T>(x: T): T { return x; }",) * 2,
        "MemberController.size": ("get size() { return 1; }",) * 2,
        "MemberController.#hidden": ("#hidden() {}",) * 2,
        "Repository.save": ("save() {}",) * 2,
        "walk": ("function* walk() {}",) * 2,
        "cast": ("const cast = <T,>(x: T) => x;",) * 2,
    }
    expected = {"LIMIT", "table", "other", "names", "service", "Member", "Id", "Kind"}
    assert values(TYPESCRIPT, path).keys() == expected


def test_casts_of_typescript_and_elements_of_jsx():
    assert [*functions("const a = <Member>value;\nfunction b() { return 1; }\n", "a.ts")] == ["b"]
    page = "export const Page = () => {\n  return <div onClick={() => go()}>{x}</div>;\n};\nfunction b() {}\n"
    assert [*functions(page, "a.tsx")] == ["Page", "b"]
    assert [*functions(page, "a.jsx")] == ["Page", "b"]


def test_go():
    assert functions(GO, "a.go") == {
        "handler": ("var handler = func(w http.ResponseWriter, r *http.Request) {", "}"),
        "Store.Get": ("// Get finds one.", "}"),
        "Member.Name": ("func (m Member) Name() string { return m.name }",) * 2,
        "Member.Plain": ("func (Member) Plain() {}",) * 2,
        "New": ("func New(name string) *Member {", "}"),
    }
    found = values(GO, "a.go")
    assert found.keys() == {"Limit", "First", "Second", "ErrMissing", "Store", "Store.local"}
    assert found["Second"] == ("// Documented, too.", "Second = 2")
    assert found["First"] == ("First  = 1",) * 2
    assert found["Store"] == ("type Store[K comparable, V any] struct {", "}")


def test_java():
    assert functions(JAVA, "A.java") == {
        "MemberController.MemberController": ("public MemberController(MemberService members) {", "}"),
        "MemberController.find": ("/** Documented. */", "}"),
        "Inner.deep": ("void deep() {}",) * 2,
        "Kind.label": ('String label() { return ""; }',) * 2,
        "Point.Point": ("Point {", "}"),
        "Point.sum": ("int sum() { return x + y; }",) * 2,
        "Store.find": ("Member find(Long id);",) * 2,
        "Store.drop": ("default void drop() {}",) * 2,
    }
    assert values(JAVA, "A.java") == {
        "MemberController.LIMIT": ("private static final int LIMIT = 5;",) * 2,
        "MemberController.Kind": ("enum Kind {", "}"),
    }


SAMPLES = {"a.rs": RUST, "a.py": PYTHON, "a.ts": TYPESCRIPT, "a.tsx": TYPESCRIPT, "a.go": GO, "A.java": JAVA}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.rs", "fn a() { let x = ; }\nfn b( {\n}\nfn c() {}\n"),
        ("a.py", "def a(:\n    pass\ndef c():\n    pass\n"),
        ("a.ts", "function a( {\n}\nclass {\nfunction c() {}\n"),
        ("a.go", "package x\nfunc a() { x := }\nfunc c() {}\n"),
        ("A.java", "class A { void a() { int x = ; } void c() {} }\n"),
    ],
)
def test_broken_source_gives_what_can_be_made_out(path, text):
    assert "c" in {each.name for each in items(text, path)}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_nothing_raises_and_every_line_exists(data):
    path = data.draw(st.sampled_from(sorted(SAMPLES)))
    raw = SAMPLES[path].encode()
    begin, end = sorted(data.draw(st.tuples(st.integers(0, len(raw)), st.integers(0, len(raw)))))
    noise = data.draw(st.binary(max_size=30))
    text = (raw[:begin] + noise + raw[end:]).decode("utf-8", "replace")
    found = items(text, path)
    assert len(found) < 100
    for each in found:
        assert each.name
        assert "\n" not in each.label
        assert 1 <= each.first_line <= each.last_line <= len(text.split("\n"))
    assert [each.first_line for each in found if not each.owner] == sorted(
        each.first_line for each in found if not each.owner
    )


def test_brackets_nested_deeper_than_the_stack():
    for path in SAMPLES:
        for bracket in "([{":
            assert items(bracket * 20_000, path) == ()


def test_what_a_parser_would_drown_in_is_not_parsed():
    """`a<a<a<`: 20 KB of it took tree-sitter's grammar of Java 1.3 GB, 200 KB more than a server has."""
    for text in ("a<" * 100_000, "a=>" * 70_000):
        assert items(text, "A.java") == ()
    generics = "List<Map<String, List<Integer>>> x; if (a < b && b > c) {}\n" * 300
    assert [each.name for each in items(f"class A {{ void a() {{ {generics} }} }}", "A.java")] == ["a"]


def test_a_function_behind_many_lines_of_comments_begins_at_itself():
    text = "// notice\n" * 60 + "fn a() {}\n"
    assert [each.first_line for each in items(text, "a.rs")] == [61]


def test_a_file_in_no_language_has_no_items():
    file = SourceFile(path="a.toml", text="[a]", language=None, is_settings=True, is_test=False)
    assert outline(file) == ()
