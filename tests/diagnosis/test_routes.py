"""From a request to the function that answers it, through the route tables of the frameworks."""

import pytest

from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.routes import RouteTable
from aiops_daemon.diagnosis.snapshot import LANGUAGES, Snapshot, SourceFile

AXUM = {
    "src/main.rs": """
fn router(state: AppState) -> Router {
    let api = Router::new()
        .nest("/members", domain::member::router())
        .nest("/retrospects", domain::retrospect::router().merge(domain::ai::router()));
    Router::new().nest("/api/v1", api)
}
""",
    "src/domain/member.rs": """
pub fn router() -> Router<AppState> {
    Router::new().route("/", post(create)).route("/me", get(me).delete(leave)).route("/:id", get(detail))
}
async fn create() {}
async fn me() {}
async fn leave() {}
async fn detail() {}
""",
    "src/domain/retrospect.rs": """
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(handler::list))
        .route(
            "/{id}/answers",
            post(handler::save),
        )
}
mod handler {
    pub async fn list() {}
    pub async fn save() {}
}
""",
    "src/domain/ai.rs": """
pub fn router() -> Router<AppState> { Router::new().route("/:id/analysis", post(analyze)) }
async fn analyze() {}
""",
}
FASTAPI = {
    "app/orders.py": """
router = APIRouter(prefix="/orders")

@router.get("/{order_id}")
async def detail(order_id: int):
    return 1

@router.post("/")
async def place(order: Order):
    return 2
""",
}
EXPRESS = {
    "src/seats.ts": """
export function hold(req, res) { return 1; }
export function list(req, res) { return 2; }
router.post('/seats/:id/hold', auth, hold);
router.get('/seats', list);
""",
}
SPRING = {
    "src/FileController.java": """
@RestController
@RequestMapping("/files")
class FileController {
    @GetMapping("/{id}")
    public String read() { return ""; }

    @PostMapping("/{id}/copies")
    public String copy() { return ""; }
}
""",
}


def table(files):
    found = {
        path: SourceFile(
            path, text, LANGUAGES["." + path.rpartition(".")[2]], is_settings=False, is_test=False
        )
        for path, text in files.items()
    }
    return RouteTable(Code(Snapshot(commit="0" * 40, files=found)))


@pytest.mark.parametrize(
    ("files", "method", "uri", "handler"),
    [
        (AXUM, "POST", "/api/v1/members", "create"),
        (AXUM, "GET", "/api/v1/members/me", "me"),
        (AXUM, "DELETE", "/api/v1/members/me", "leave"),
        (AXUM, "GET", "/api/v1/members/42?x=1", "detail"),
        (AXUM, "GET", "/api/v1/retrospects", "list"),
        (AXUM, "POST", "/api/v1/retrospects/7/answers", "save"),
        (AXUM, "POST", "/api/v1/retrospects/7/analysis", "analyze"),
        (FASTAPI, "GET", "/orders/12", "detail"),
        (EXPRESS, "POST", "/api/seats/12/hold", "hold"),
        (EXPRESS, "GET", "/api/seats", "list"),
        (SPRING, "GET", "/files/12", "read"),
        (SPRING, "POST", "/files/12/copies", "copy"),
    ],
)
def test_a_request_is_answered_by(files, method, uri, handler):
    matches = table(files).match(method, uri)
    assert [match.handler.name for match in matches[:1]] == [handler]


@pytest.mark.parametrize("uri", ["/", "/nothing/of/this", "/api/v2/unknown"])
def test_an_unknown_path_leads_nowhere(uri):
    assert table(AXUM).match("GET", uri) == []
