"""Ways through source that names alone don't show: declared types, traits, makers, entities, settings, and requests that left something behind."""

import json
from datetime import UTC, datetime, timedelta

from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.linked import linked_to
from aiops_daemon.diagnosis.log_rows import read_rows
from aiops_daemon.diagnosis.settings_read import blocks_of, settings_of
from aiops_daemon.diagnosis.snapshot import LANGUAGES, Snapshot, SourceFile
from aiops_daemon.domain.sighting import Sighting
from aiops_daemon.live import live_from
from aiops_daemon.settings import load
from aiops_daemon.sources.formats import format_for
from aiops_daemon.triage.classify import classify

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def code_of(files):
    found = {}
    for path, text in files.items():
        ending = "." + path.rpartition(".")[2]
        found[path] = SourceFile(
            path=path,
            text=text,
            language=LANGUAGES.get(ending),
            is_settings=ending == ".toml",
            is_test=False,
        )
    return Code(Snapshot(commit="0" * 40, files=found))


SHOP = {
    "src/orders.rs": """\
async fn place(State(state): State<Shared>) -> ApiResult<Order> {
    let order = state
        .place_order
        .execute(body)
        .await?;
    Ok(order)
}
""",
    "src/state.rs": "pub struct AppState {\n    pub place_order: PlaceOrder,\n    pub other: Other,\n}\n",
    "src/place_order.rs": """\
pub struct PlaceOrder { pub addresses: Arc<dyn AddressBook> }
impl PlaceOrder {
    pub async fn execute(&self, cmd: Command) -> Result<Order> {
        self.addresses.find_default(cmd.member_id).await
    }
}
""",
    "src/other.rs": "pub struct Other;\nimpl Other {\n    pub async fn execute(&self) {}\n}\n",
    "src/address.rs": """\
pub trait AddressBook { async fn find_default(&self, id: i64) -> Result<Address>; }
pub struct CachedAddressBook { inner: Arc<dyn AddressBook> }
impl AddressBook for CachedAddressBook {
    async fn find_default(&self, id: i64) -> Result<Address> {
        let key = Self::key(id);
        self.inner.find_default(id).await
    }
}
impl CachedAddressBook { fn key(id: i64) -> String { id.to_string() } }
pub struct PostgresAddressBook;
impl AddressBook for PostgresAddressBook {
    async fn find_default(&self, id: i64) -> Result<Address> { todo!() }
}
""",
}


def called(code, name, owner=""):
    (item,) = [each for each in code.named(name, owner) if not each.is_value]
    return [each.label for each in code.calls(item)]


def test_a_chain_over_several_lines_leads_to_the_type_of_the_field():
    assert called(code_of(SHOP), "place") == ["PlaceOrder.execute"]


def test_a_trait_leads_to_those_who_implement_it():
    code = code_of(SHOP)
    both = ["CachedAddressBook.find_default", "PostgresAddressBook.find_default"]
    assert called(code, "execute", "PlaceOrder") == both
    assert called(code, "find_default", "CachedAddressBook") == [
        "CachedAddressBook.key",
        "PostgresAddressBook.find_default",
    ]


def test_in_other_languages_too():
    code = code_of(
        {
            "a.py": "class Orders:\n    def __init__(self):\n        self.books = SqlBooks()\n    def place(self):\n        self.books.price(1)\n",
            "b.py": "class SqlBooks(Books):\n    def price(self, id): pass\n",
            "c.py": "class Unrelated:\n    def price(self, id): pass\n",
            "a.ts": "class Carts {\n  constructor(private readonly stock: StockService) {}\n  add() { return this.stock.reserve(1); }\n}\n",
            "b.ts": "class StockService {\n  reserve(n) { return n; }\n}\n",
            "c.ts": "class Seats {\n  reserve(n) { return n; }\n}\n",
        }
    )
    assert called(code, "place", "Orders") == ["SqlBooks.price"]
    assert called(code, "add", "Carts") == ["StockService.reserve"]


def test_nobody_calls_into_another_language():
    code = code_of(
        {"a.rs": "fn send() { request(1); }\n", "web/client.ts": "export function request(n) { return n; }\n"}
    )
    assert called(code, "send") == []


def test_who_makes_what_a_function_works_with():
    code = code_of(
        {
            "github.rs": "async fn fetch_user(state: &AppState) {\n    state.http.get(URL).send().await\n}\n",
            "state.rs": "fn build() -> AppState {\n    AppState { http: http::build_client(&config)? }\n}\n",
            "http.rs": "pub fn build_client(config: &Config) -> Client { Client::builder().build() }\n",
        }
    )
    (item,) = code.named("fetch_user")
    assert [(name, maker.label) for name, maker in code.makers(item)] == [("http", "build_client")]


def test_an_entity_leads_to_how_it_hangs_together_with_others():
    code = code_of(
        {
            "service.rs": "async fn load(db: &Db) {\n    retrospect::Entity::find().find_also_related(team::Entity).one(db).await\n}\n",
            "entity/retrospect.rs": "pub struct Model { pub id: i64 }\npub enum Relation { Team }\n",
            "entity/team.rs": "pub struct Model { pub id: i64 }\npub enum Relation {}\n",
            "entity/user.rs": "pub struct Model { pub id: i64 }\npub enum Relation {}\n",
        }
    )
    (item,) = code.named("load")
    used = [(each.path, each.name) for each in code.used_by(item)]
    assert ("entity/retrospect.rs", "Relation") in used
    assert ("entity/user.rs", "Relation") not in used


def test_a_setting_is_shown_with_the_section_it_stands_in():
    code = code_of(
        {
            "search.rs": "impl Search {\n    pub fn new(settings: &SearchSettings) -> Self { client(settings.timeout_ms) }\n}\n",
            "settings.rs": "pub struct SearchSettings {\n    pub timeout_ms: u64,\n}\n",
            "handler.rs": '#[utoipa::path(path = "/x", timeout_ms = 1)]\nfn other() {}\n',
            "config/production.toml": "[mail]\ntimeout_ms = 20000\n\n[search]\nindex = 1\ntimeout_ms = 5\n\n[worker]\nn = 1\n",
        }
    )
    settings = settings_of(code, code.named("new", "Search"))
    (timeout,) = settings
    assert {hit.path for hit in timeout.lines} == {"config/production.toml", "settings.rs"}
    first, second = blocks_of(code, settings)
    assert (first.path, first.first_line, first.last_line) == ("config/production.toml", 4, 6)
    assert (second.first_line, second.last_line) == (1, 2)


def rows_of(tmp_path, *records):
    path = tmp_path / "server.log"
    lines = []
    for second, level, fields, request in records:
        record = {
            "timestamp": (NOON + timedelta(seconds=second)).isoformat().replace("+00:00", "Z"),
            "level": level,
            "fields": fields,
            "target": "server",
        }
        if request:
            record["span"] = {
                "name": "request",
                "method": "POST",
                "request_id": request,
                "uri": f"/{request}",
            }
        lines.append(json.dumps(record))
    path.write_text("\n".join(lines) + "\n")
    catalogue = live_from(load(None, environ={})).catalogue
    return list(read_rows([(path, 0, None)], format_for("auto"), lambda event: classify(event, catalogue)))


def ours(rows, code):
    return [
        row
        for row in rows
        if isinstance(row.sighting, Sighting) and row.sighting.code == code and row.event.request is None
    ]


def test_a_job_leads_to_the_request_that_shares_an_id_with_it(tmp_path):
    rows = rows_of(
        tmp_path,
        (0, "INFO", {"message": "seat reserved", "reservation_id": 6412}, "other"),
        (1, "INFO", {"message": "seat reserved", "reservation_id": 6413, "elapsed_ms": 201}, "reserve"),
        (2, "INFO", {"message": "request completed", "elapsed_ms": 201}, "slow"),
        (
            3,
            "ERROR",
            {"message": "job failed", "code": "RSV4041", "error": "not found: 6413", "elapsed_ms": 201},
            None,
        ),
    )
    linked = linked_to(ours(rows, "RSV4041"), rows)
    assert [row.event.request.path for row in linked] == ["/reserve"]


def test_requests_that_fail_with_the_same_code_have_to_do_with_it(tmp_path):
    rows = rows_of(
        tmp_path,
        (0, "ERROR", {"message": "job failed", "code": "RSV4041"}, None),
        (1, "WARN", {"message": "request failed", "code": "RSV4041"}, "detail"),
        (2, "WARN", {"message": "request failed", "code": "RSV4042"}, "another"),
    )
    linked = linked_to(ours(rows, "RSV4041"), rows)
    assert [row.event.request.path for row in linked] == ["/detail"]
