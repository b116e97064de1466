"""What can be asked of source: who defines a name, who calls it, which function a line belongs to, and what texts it holds."""

import re
import time

import pytest

from aiops_daemon.diagnosis.code import Code, is_everyday
from aiops_daemon.diagnosis.routes import RouteTable
from aiops_daemon.diagnosis.snapshot import LANGUAGES, Snapshot, SourceFile, is_test


def code_of(files):
    found = {
        path: SourceFile(
            path=path,
            text=text,
            language=LANGUAGES.get("." + path.rpartition(".")[2]),
            is_settings=False,
            is_test=is_test(path),
        )
        for path, text in files.items()
    }
    return Code(Snapshot(commit="0" * 40, files=found))


RUST = {
    "src/domain/member/handler.rs": """\
pub async fn create(State(app): State<AppState>, Json(body): Json<New>) -> Result<Json<Member>, AppError> {
    // service::drop_all(&app)
    /* repository::erase(1) */
    let url = "http://x/"; let member = service::create(&app, body).await?;
    let checked = crate::utils::validation::check_name::<Strict>(&member.name)?;
    info!("created {}", describe(&member));
    Ok(Json(member))
}

pub async fn detail(app: AppState) -> Member {
    app.member_service.find(1).await
}

fn describe(member: &Member) -> String {
    fn inner(depth: u8) -> u8 { if depth > 0 { inner(depth - 1) } else { 0 } }
    let each = members.iter().map(|member| label(member)).collect::<Vec<_>>();
    let unknown = cache.get(1).unwrap().insert(2);
    tokio::select! { _ = later(member) => {} }
    describe(member)
}
fn label(member: &Member) -> String { String::new() }
async fn later(member: &Member) {}
""",
    "src/domain/member/service.rs": """\
pub async fn create(app: &AppState, body: New) -> Result<Member, AppError> {
    repository::save(&app.pool, body).await
}
pub fn drop_all(app: &AppState) {}
pub struct MemberService { pool: Pool }
impl MemberService {
    pub const fn new(pool: Pool) -> Self { Self { pool } }
    pub async fn find(&self, id: u64) -> Member {
        Self::check(id);
        self.load(id).await
    }
    fn check(id: u64) {}
    async fn load(&self, id: u64) -> Member {
        repository::find_by_id(&self.pool, id).await
    }
}
""",
    "src/domain/member/repository.rs": """\
pub async fn save(pool: &Pool, body: New) -> Result<Member, AppError> { todo!() }
pub async fn find_by_id(pool: &Pool, id: u64) -> Member { todo!() }
pub fn erase(id: u64) {}
pub fn get(id: u64) {}
pub fn insert(id: u64) {}
""",
    "src/domain/order/service.rs": """\
pub const MAX_ORDERS: usize = 20;
pub struct OrderService;
impl OrderService {
    fn check(id: u64) {}
    pub fn find(&self) {}
}
""",
    "src/utils/validation.rs": "pub fn check_name<T>(name: &str) -> Result<(), AppError> { Ok(()) }\n",
    "tests/member.rs": "fn creates() { check_name(1); erase(1); }\nfn check_name() {}\n",
}


@pytest.fixture(scope="module")
def code():
    return code_of(RUST)


def told(items):
    return [f"{item.path.removeprefix('src/').removeprefix('domain/')} {item.label}" for item in items]


def one(code, name, path=""):
    return next(item for item in code.named(name) if path in item.path)


class TestNamed:
    def test_by_its_owner(self, code):
        assert told(code.named("find", "MemberService")) == ["member/service.rs MemberService.find"]
        assert told(code.named("find", "OrderService")) == ["order/service.rs OrderService.find"]
        assert code.named("find", "Nobody") == []
        assert code.named("nothing") == []
        assert len(code.named("find")) == 2

    def test_tests_come_last(self, code):
        assert told(code.named("check_name")) == [
            "utils/validation.rs check_name",
            "tests/member.rs check_name",
        ]

    def test_functions_that_are_const_and_constants_and_types(self, code):
        assert told(code.named("new")) == ["member/service.rs MemberService.new"]
        assert [item.is_value for item in code.named("MAX_ORDERS")] == [True]
        assert [item.is_value for item in code.named("OrderService")] == [True]
        assert "fn" not in code.definitions

    def test_a_name_in_a_comment_is_defined_nowhere(self):
        assert code_of({"a.rs": "// the fn ghost is gone\nfn real() {}\n"}).named("ghost") == []

    def test_a_function_within_one_of_the_same_name(self):
        code = code_of({"a.rs": "fn a() {\n    fn a() {}\n}\n"})
        assert [item.first_line for item in code.named("a")] == [1, 2]

    @pytest.mark.parametrize(
        ("path", "text", "names"),
        [
            ("a.py", "def a(): pass\nclass B:\n    async def c(self): pass\nLIMIT = 5\n", "a c LIMIT"),
            (
                "a.ts",
                (
                    "export async function a() {}\nexport const b = async () => {};\nexports.c = () => {};\n"
                    "const o = {\n  d: async () => {},\n  e() { return 1; },\n};\n"
                    "class F {\n  private async g(\n    x: number,\n  ) {}\n  h(@Body() x) {\n  }\n"
                    "  i(\n    @Body() x,\n  ) {}\n  j = (x) => x;\n  get k() { return 1; }\n}\n"
                    "function* l() {}\nenum M { A }\n"
                ),
                "a b c d e g h i j k l M",
            ),
            (
                "a.go",
                (
                    "package x\nfunc A() {}\nfunc (s *S[K]) B() {}\ntype S struct {\n}\nconst C = 1\n"
                    "var (\n\tErrD = New()\n\terrE error = New()\n)\n"
                ),
                "A B S C ErrD errE",
            ),
            (
                "A.java",
                (
                    "class A {\n  private static final int B = 1;\n  public <T> List<T> c(int x) throws E {\n  }\n"
                    "  A(int x) {\n  }\n  private void d(\n      int x,\n      int y) {\n  }\n}\nenum E { X }\n"
                ),
                "B c d E",
            ),
        ],
    )
    def test_in_every_language(self, path, text, names):
        code = code_of({path: text})
        assert [name for name in names.split() if len(code.named(name)) != 1] == []


class TestCalls:
    def test_of_modules_macros_and_turbofish_but_not_of_comments(self, code):
        assert told(code.calls(one(code, "create", "handler"))) == [
            "member/service.rs create",
            "utils/validation.rs check_name",
            "member/handler.rs describe",
        ]

    def test_a_service_named_like_its_handler(self, code):
        assert "member/service.rs create" in told(code.calls(one(code, "create", "handler")))

    def test_of_closures_and_macros_and_not_of_itself(self, code):
        assert told(code.calls(one(code, "describe"))) == [
            "member/handler.rs inner",
            "member/handler.rs label",
            "member/handler.rs later",
        ]

    def test_a_receiver_bears_the_name_of_its_type(self, code):
        assert told(code.calls(one(code, "detail"))) == ["member/service.rs MemberService.find"]

    def test_self(self, code):
        (find,) = code.named("find", "MemberService")
        assert told(code.calls(find)) == [
            "member/service.rs MemberService.check",
            "member/service.rs MemberService.load",
        ]
        (load,) = code.named("load", "MemberService")
        assert told(code.calls(load)) == ["member/repository.rs find_by_id"]

    def test_a_module(self, code):
        assert told(code.calls(one(code, "create", "service"))) == ["member/repository.rs save"]

    def test_everyday_names_say_nothing(self, code):
        assert is_everyday("insert")
        assert not any("repository" in each for each in told(code.calls(one(code, "describe"))))

    def test_recursion_is_not_a_call_of_others(self, code):
        assert code.calls(one(code, "inner")) == []

    def test_too_many_of_a_name_are_none(self):
        files = {f"src/m{n}.rs": "pub fn handle() {}\n" for n in range(6)}
        code = code_of({**files, "src/main.rs": "fn start() { thing.handle(); m3::handle(); }\n"})
        assert told(code.calls(one(code, "start"))) == ["m3.rs handle"]

    def test_a_call_at_the_end_of_a_chain(self):
        code = code_of(
            {
                "a.rs": "fn start() {\n    repo()?\n        .load_all(1);\n    self.x()?.save_one(2);\n}\n"
                "fn load_all() {}\n",
                "b.rs": "impl Repo {\n    fn load_all(&self) {}\n    fn save_one(&self) {}\n}\n",
            }
        )
        assert {"b.rs Repo.load_all", "b.rs Repo.save_one"} <= {*told(code.calls(one(code, "start")))}

    @pytest.mark.parametrize(
        ("path", "text", "calls"),
        [
            (
                "a.py",
                (
                    "class A:\n    def run_all(self):\n        # self.gone()\n        x = 7 // half(2)\n        self.step(1)\n"
                    '        return f"{helper(1)}"\n    def step(self, x): pass\n    def gone(self): pass\n'
                    "def helper(x): pass\ndef half(x): pass\n"
                ),
                ["half", "A.step", "helper"],
            ),
            (
                "a.ts",
                (
                    "class A {\n  runAll() {\n    this.step<Member>(1);\n    this?.other?.(2);\n"
                    "    const url = 'http://x'; helper();\n    const t = `//${inner()}`;\n    // gone();\n  }\n"
                    "  step(x) {\n  }\n}\nfunction helper() {}\nfunction inner() {}\nfunction gone() {}\n"
                ),
                ["A.step", "helper", "inner"],
            ),
            (
                "a.go",
                (
                    "package x\nfunc RunAll() {\n\thelper(1) // gone(1)\n\tgo func() { inner() }()\n}\n"
                    "func helper(x int) {}\nfunc inner() {}\nfunc gone(x int) {}\n"
                ),
                ["helper", "inner"],
            ),
            (
                "A.java",
                (
                    "class A {\n  void runAll() {\n    this.step(1);\n    Helper.<String>make(1);\n    /* gone(1); */\n  }\n"
                    "  void step(int x) {\n  }\n  void gone(int x) {\n  }\n}\n"
                ),
                ["A.step"],
            ),
        ],
    )
    def test_in_every_language(self, path, text, calls):
        code = code_of({path: text})
        (item,) = code.named("runAll") + code.named("run_all") + code.named("RunAll")
        assert [each.label for each in code.calls(item)] == calls


class TestCallers:
    def test_who_calls_it(self, code):
        assert told(code.callers(one(code, "find_by_id"))) == ["member/service.rs MemberService.load"]
        assert told(code.callers(one(code, "later"))) == ["member/handler.rs describe"]

    def test_a_definition_is_no_call(self, code):
        (member,) = code.named("check", "MemberService")
        assert told(code.callers(member)) == ["member/service.rs MemberService.find"]

    def test_tests_don_t_count_nor_everyday_names(self, code):
        assert told(code.callers(one(code, "check_name", "utils"))) == ["member/handler.rs create"]
        assert code.callers(one(code, "insert")) == []

    def test_no_more_than_asked(self):
        code = code_of(
            {"a.rs": "fn it() {}\n" + "".join(f"fn c{n}() {{ it(); it::<u8>(); }}\n" for n in range(9))}
        )
        assert len(code.callers(one(code, "it"))) == 6
        assert len(code.callers(one(code, "it"), most=2)) == 2


class TestLines:
    TEXT = """\
use x;

const A: u32 = 1; // seconds
#[get]
fn outer() {
    let a = 1;
    fn inner() {
        1
    }
    inner()
}
struct B {
    c: u8,
}
"""

    @pytest.mark.parametrize(
        ("line", "name"),
        [(1, None), (2, None), (3, "A"), (4, "outer"), (6, "outer"), (8, "inner"), (10, "outer"), (13, "B")],
    )
    def test_the_innermost_function_or_the_value_there(self, line, name):
        found = code_of({"a.rs": self.TEXT}).function_at("a.rs", line)
        assert (found and found.name) == name

    def test_where_there_is_none(self):
        code = code_of({"a.rs": self.TEXT, "a.toml": "a = 1\nb = 2\n"})
        assert code.function_at("gone.rs", 1) is None
        assert code.function_at("a.rs", 999) is None
        around = code.around("a.toml", 2)
        assert (around.first_line, around.last_line, around.is_value) == (1, 3, True)
        assert code.around("a.rs", 8).name == "inner"
        assert code.text_of(code.around("a.rs", 8)) == "    fn inner() {\n        1\n    }"

    def test_hits(self):
        code = code_of({"a.rs": self.TEXT, "tests/b.rs": "fn inner() {}\n"})
        assert [(hit.path, hit.line) for hit in code.hits(re.compile("inner"))] == [
            ("a.rs", 7),
            ("a.rs", 10),
            ("tests/b.rs", 1),
        ]


@pytest.mark.parametrize(
    ("path", "line", "parts"),
    [
        ("a.rs", 'error!("failed to load {} of {id:?}", x);', [("failed to load ", " of ")]),
        ("a.rs", "fn f<'a>(x: &'a str) { warn!(\"can't reach it\"); }", [("can't reach it",)]),
        ("a.rs", r'x!("quoted \"name\" here");', [("quoted ", '"name', '" here')]),
        ("a.rs", r'x!("first line\nsecond\tline");', [("first line", "second", "line")]),
        ("a.py", "log.error('user %(name)s has no %s left', x)", [("user ", " has no ", " left")]),
        ("a.py", 'raise E(f"no order {order.id!r} here")', [("no order ", " here")]),
        ("a.ts", "throw new Error(`no seat ${seat.id} in ${this.row()}`)", [("no seat ", " in ")]),
        ("a.ts", "log('it failed', \"really failed\")", [("it failed",), ("really failed",)]),
        ("a.go", 'fmt.Errorf("read %q: %w after %d%%", x)', [("read ", ": ", " after ")]),
        ("a.go", "log.Print(`raw text here`)", [("raw text here",)]),
        ("A.java", 'log.error("no member {} with id {}", a, b);', [("no member ", " with id ")]),
        ("a.rs", 'x("short");', []),
        ("a.rs", 'x("{}{}{}{}{}");', []),
    ],
)
def test_texts_without_their_holes(path, line, parts):
    assert [each for _, _, each in code_of({path: f"\n{line}\n"}).literals] == parts


def test_texts_know_their_line_and_those_of_tests_don_t_count():
    code = code_of({"a.rs": '\n\nx("some text");\n', "tests/a.rs": 'x("other text");\n'})
    assert code.literals == [("a.rs", 3, ("some text",))]


@pytest.mark.parametrize(
    "path",
    [
        *("tests/a.rs", "src/tests.rs", "src/member_test.go", "test_a.py", "a.test.ts", "a.spec.tsx"),
        *("src/MemberTest.java", "src/MemberTests.java", "__tests__/a.js", "benches/a.rs"),
    ],
)
def test_what_is_a_test(path):
    assert is_test(path)


@pytest.mark.parametrize(
    "path", ["src/latest.rs", "src/contest.py", "src/attest.go", "src/testing.rs", "a.ts"]
)
def test_what_is_no_test(path):
    assert not is_test(path)


SIZE = {"rs": 200_000, "py": 40_000, "ts": 40_000, "go": 40_000, "java": 40_000}
NORMAL = {
    "rs": "pub async fn handle(id: u64) -> Result<u64, Error> {\n    let x = other(id).await?;\n    Ok(x)\n}\n",
    "py": "def handle(id):\n    x = other(id)\n    return x\n",
    "ts": "export async function handle(id: number) {\n  const x = await other(id);\n  return x;\n}\n",
    "go": "func handle(id int) int {\n\tx := other(id)\n\treturn x\n}\n",
    "java": "class A {\n  int handle(int id) {\n    int x = other(id);\n    return x;\n  }\n}\n",
}
SHAPES = {
    "brackets": "(",
    "braces": "{",
    "all brackets": "([{",
    "closed brackets": ")]}",
    "angles": "a<",
    "double quotes": '"',
    "single quotes": "'",
    "back quotes": "`",
    "words": "a ",
    "one word": "a",
    "calls": "a(",
    "members": "a.",
    "paths": "a::",
    "turbofish": "a::<",
    "comments": "/*",
    "lines": "\n",
    "blank lines": "    \n",
    "calls on lines": "  a b(\n",
    "functions": "fn func def function ",
    "receivers": "func (",
    "decorators": "@a(\n",
    "routes": '.route("/a", get(\n',
    "routes of nobody": '.route("/a", get(b))\n',
    "nested routes": '.nest("/a", b().c("/d"))\n',
    "escapes": '"\\',
}


def seconds(path, text):
    """All that is asked of a file, as a computation and not by the clock on the wall: others use this machine as well."""
    begins = time.thread_time()
    code = code_of({path: text})
    assert isinstance(code.definitions, dict)
    assert isinstance(code.literals, list)
    items = code.outline(path)
    code.calls(code.around(path, 1, lines=len(text)))
    for item in items[:2]:
        code.callers(item)
    code.named("a")
    RouteTable(code).match("GET", "/a/b/c")
    return time.thread_time() - begins


@pytest.mark.parametrize("ending", NORMAL)
def test_what_nobody_wrote_by_hand_takes_about_as_long_as_what_somebody_did(ending):
    def text(unit):
        """On lines of 4,000 characters, as a snapshot lets through, where the unit has no line of its own."""
        whole = (unit * (size // len(unit) + 1))[:size]
        return whole if "\n" in unit else "\n".join(whole[at : at + 4000] for at in range(0, size, 4000))

    path, size = f"src/A.{ending}", SIZE[ending]
    seconds(path, NORMAL[ending])  # so that the parser is loaded
    normal = seconds(path, text(NORMAL[ending]))
    slow = {
        name: round(took / normal, 1)
        for name, unit in SHAPES.items()
        if (took := seconds(path, text(unit))) > 20 * normal
        and (took := seconds(path, text(unit))) > 20 * normal  # once may be the machine
    }
    assert slow == {}
