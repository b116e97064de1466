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


RUST_MODULES = {
    "src/main.rs": """
const HEALTH: &str = "/health";

pub fn app(state: AppState) -> Router {
    Router::new()
        .route(HEALTH, get(health))
        .route("/version", get(|| async { "1" }))
        .nest("/api/v1", api())
        .fallback(not_found)
        .layer(TraceLayer::new_for_http())
        .with_state(state)
}

fn api() -> Router<AppState> {
    Router::new()
        .nest("/members", member::router::routes())
        .nest("/members/{member_id}/posts", post::router::routes())
        .merge(auth::router::routes())
}

async fn health() -> &'static str { "ok" }
async fn not_found() {}
""",
    "src/member/router.rs": """
use super::handler;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(handler::list).post(handler::create))
        .route("/me", get(handler::me)
            .patch(handler::rename)
            .delete(handler::leave))
        .route(
            "/{id}",
            get(handler::detail)
                .put(handler::replace)
                .layer(middleware::from_fn(require_admin)),
        )
        .route("/:id/avatar", put(handler::upload_avatar))
        .route("/search/:word", get(handler::search))
}
""",
    "src/member/handler.rs": """
pub async fn list() {}
pub async fn create() {}
pub async fn me() {}
pub async fn rename() {}
pub async fn leave() {}
pub async fn detail() {}
pub async fn replace() {}
pub async fn upload_avatar() {}
pub async fn search() {}
""",
    "src/post/router.rs": """
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(super::handler::list).post(super::handler::create))
        .route("/:post_id", get(super::handler::detail).delete(super::handler::remove))
}
""",
    "src/post/handler.rs": """
pub async fn list() {}
pub async fn create() {}
pub async fn detail() {}
pub async fn remove() {}
""",
    "src/auth/router.rs": """
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/auth/login", post(login))
        .route("/auth/refresh", post(refresh))
        .route("/auth/{*rest}", any(other))
}
pub async fn login() {}
pub async fn refresh() {}
pub async fn other() {}
""",
}
UTOIPA = {
    "src/seats.rs": """
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_seats, hold_seat)).routes(routes!(release_seat))
}

#[utoipa::path(get, path = "/seats", responses((status = 200, body = Vec<Seat>)))]
pub async fn list_seats() {}

/// Hold one.
#[utoipa::path(
    post,
    path = "/seats/{id}/hold",
    request_body = HoldRequest,
    responses((status = 200), (status = 409, description = "somebody has it")),
    tag = "seats"
)]
#[tracing::instrument(skip_all)]
pub async fn hold_seat() {}

#[utoipa::path(delete, path = "/seats/{id}/hold")]
pub async fn release_seat() {}
""",
}
ACTIX = {
    "src/main.rs": """
#[get("/users/{id}")]
async fn get_user(path: web::Path<u32>) -> impl Responder { HttpResponse::Ok() }

#[post("/users")]
async fn create_user() -> impl Responder { HttpResponse::Ok() }

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new()
            .service(get_user)
            .service(create_user)
            .service(
                web::scope("/admin")
                    .service(web::resource("/stats").route(web::get().to(stats)))
                    .service(
                        web::resource("/jobs/{id}")
                            .route(web::post().to(start_job))
                            .route(web::delete().to(stop_job)),
                    )
                    .route("/ping", web::get().to(ping)),
            )
    })
}
async fn stats() {}
async fn start_job() {}
async fn stop_job() {}
async fn ping() {}
""",
}
FASTAPI_APP = {
    "app/main.py": """
from app import orders, items

app = FastAPI()
app.include_router(orders.router, prefix="/api")
app.include_router(items.router, prefix="/api/items", tags=["items"])

@app.get("/health")
async def health():
    return {}
""",
    "app/orders.py": """
router = APIRouter(
    prefix="/orders",
    tags=["orders"],
)

@router.get("/{order_id}")
async def detail(order_id: int):
    return 1

@router.post("", status_code=201)
async def place(order: Order):
    return 2

@router.post(
    "/{order_id}/cancel",
    response_model=Order,
)
@limited(5)
async def cancel(order_id: int):
    def inner():
        return 1
    return inner()

@router.get("/latest")
async def latest():
    return 3
""",
    "app/items.py": """
router = APIRouter()

@router.get("/")
def list_items():
    return []

@router.delete("/{item_id}")
def delete_item(item_id: int):
    return {}
""",
}
FLASK = {
    "shop/views.py": """
bp = Blueprint("carts", __name__, url_prefix="/carts")

@bp.route("/<int:cart_id>", methods=["GET"])
def show_cart(cart_id):
    return ""

@bp.route("/<int:cart_id>", methods=["DELETE", "PUT"])
@login_required
def change_cart(cart_id):
    return ""

@bp.post("/<int:cart_id>/checkout")
def checkout(cart_id):
    return ""
""",
    "shop/app.py": """
app = Flask(__name__)
app.register_blueprint(bp, url_prefix="/shop/carts")

@app.route("/")
def index():
    return ""

@app.route("/status")
def status_page():
    return ""
""",
}
DJANGO = {
    "site/urls.py": """
urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("members.urls")),
]
""",
    "members/urls.py": """
from . import views

urlpatterns = [
    path("members/", views.member_list, name="member-list"),
    path("members/<int:pk>/", views.member_detail, name="member-detail"),
    path("members/<int:pk>/posts/", views.PostList.as_view()),
    re_path(r"^legacy/(?P<year>[0-9]{4})/$", views.legacy),
]
""",
    "members/views.py": """
def member_list(request):
    return []

def member_detail(request, pk):
    return {}

def legacy(request, year):
    return {}

class PostList(View):
    def get(self, request, pk):
        return []

    def post(self, request, pk):
        return []
""",
}
EXPRESS_APP = {
    "src/app.ts": """
import ordersRouter from './routes/orders';
const app = express();
app.use(express.json());
app.use('/api/orders', ordersRouter);
app.get('/health', (req, res) => {
  res.send('ok');
});
""",
    "src/routes/orders.ts": """
import * as controller from '../controllers/orders';
const router = Router();

router.get('/', controller.list);
router.post('/', [auth, validate(orderSchema)], controller.create);
router.get('/mine', auth, controller.mine);
router.get('/:id', auth, asyncHandler(controller.detail));
router.route('/:id/items')
  .get(controller.listItems)
  .post(auth, controller.addItem);
router.delete('/:id', auth, async (req, res, next) => {
  await removeOrder(req.params.id);
});
export default router;

export async function removeOrder(id) {
  return id;
}
""",
    "src/controllers/orders.ts": """
export async function list(req, res) { return 1; }
export const create = async (req, res) => {
  return 2;
};
export async function mine(req, res) { return 3; }
export async function detail(req, res) { return 4; }
export async function listItems(req, res) { return 5; }
export async function addItem(req, res) { return 6; }
export function auth(req, res, next) { next(); }
export function validate(schema) { return schema; }
""",
}
NEST = {
    "src/members.controller.ts": """
@ApiTags('members')
@Controller('members')
export class MembersController {
  constructor(private readonly members: MembersService) {}

  @Get()
  findAll(@Query() query: ListQuery) {
    return this.members.findAll(query);
  }

  @Get('me')
  @UseGuards(JwtAuthGuard)
  async me(@CurrentUser() user: User) {
    return user;
  }

  @Get(':id')
  async findOne(
    @Param('id') id: string,
  ) {
    return this.members.findOne(id);
  }

  @Post()
  @HttpCode(201)
  create(@Body() body: CreateMember) {
    return this.members.create(body);
  }

  @Patch(':id/name')
  rename(@Param('id') id: string) {
    return 1;
  }
}
""",
    "src/posts.controller.ts": """
@Controller({ path: 'posts', version: '1' })
export class PostsController {
  @Get(':id')
  findPost(@Param('id') id: string) {
    return 1;
  }

  @Delete(':id')
  removePost(@Param('id') id: string) {
    return 1;
  }
}
""",
}
NET_HTTP = {
    "main.go": """
package main

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", getItem)
	mux.HandleFunc("POST /items", s.createItem)
	mux.Handle("DELETE /items/{id}", auth(http.HandlerFunc(deleteItem)))
	mux.HandleFunc("GET /items/latest", latestItem)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
	})
	http.HandleFunc("/legacy/", legacy)
	http.ListenAndServe(":8080", mux)
}

func getItem(w http.ResponseWriter, r *http.Request)    {}
func (s *Server) createItem(w http.ResponseWriter, r *http.Request) {}
func deleteItem(w http.ResponseWriter, r *http.Request) {}
func latestItem(w http.ResponseWriter, r *http.Request) {}
func legacy(w http.ResponseWriter, r *http.Request)     {}
""",
}
CHI = {
    "routes.go": """
package api

func (s *Server) Routes() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Logger)
	r.Route("/articles", func(r chi.Router) {
		r.With(paginate).Get("/", s.listArticles)
		r.Post("/", s.createArticle)
		r.Route("/{articleID}", func(r chi.Router) {
			r.Use(s.articleContext)
			r.Get("/", s.getArticle)
			r.Put("/", s.updateArticle)
			r.Get("/comments", s.listComments)
		})
	})
	r.Get("/users/{id}", s.getUser)
	r.Mount("/admin", s.adminRouter())
	return r
}

func (s *Server) adminRouter() http.Handler {
	r := chi.NewRouter()
	r.Get("/accounts", s.listAccounts)
	return r
}

func (s *Server) listArticles(w http.ResponseWriter, r *http.Request)   {}
func (s *Server) createArticle(w http.ResponseWriter, r *http.Request)  {}
func (s *Server) articleContext(next http.Handler) http.Handler          { return next }
func (s *Server) getArticle(w http.ResponseWriter, r *http.Request)     {}
func (s *Server) updateArticle(w http.ResponseWriter, r *http.Request)  {}
func (s *Server) listComments(w http.ResponseWriter, r *http.Request)   {}
func (s *Server) getUser(w http.ResponseWriter, r *http.Request)        {}
func (s *Server) listAccounts(w http.ResponseWriter, r *http.Request)   {}
""",
}
GIN = {
    "routes.go": """
package api

func Register(router *gin.Engine) {
	v1 := router.Group("/v1")
	{
		v1.POST("/login", login)
		v1.GET("/files/*path", serveFile)
	}
	users := v1.Group("/users", authRequired())
	users.GET("", listUsers)
	users.GET("/:id", getUser)
	users.PUT("/:id", updateUser)
	router.GET("/ping", func(c *gin.Context) {
		c.String(200, "pong")
	})
}

func login(c *gin.Context)      {}
func serveFile(c *gin.Context)  {}
func authRequired() gin.HandlerFunc { return nil }
func listUsers(c *gin.Context)  {}
func getUser(c *gin.Context)    {}
func updateUser(c *gin.Context) {}
""",
}
SPRING_APP = {
    "src/main/java/x/MemberController.java": """
@RestController
@RequestMapping("/api/members")
public class MemberController {
    private final MemberService members;

    public MemberController(MemberService members) {
        this.members = members;
    }

    @GetMapping
    public List<Member> list() {
        return members.all();
    }

    @GetMapping("/{id}")
    public Member detail(@PathVariable Long id) {
        return members.find(id);
    }

    @PostMapping(consumes = "application/json")
    public Member create(@RequestBody NewMember body) {
        return members.create(body);
    }

    @PutMapping(
        value = "/{id}/name",
        produces = MediaType.APPLICATION_JSON_VALUE
    )
    public Member rename(@PathVariable Long id) {
        return null;
    }

    @RequestMapping(value = "/{id}/posts", method = RequestMethod.GET)
    public List<Post> posts(@PathVariable Long id) {
        return null;
    }
}
""",
    "src/main/java/x/OrderController.java": """
@RestController
@RequestMapping(path = "/api/orders")
class OrderController {
    @GetMapping("/{id}")
    Order order(@PathVariable Long id) {
        return null;
    }

    @DeleteMapping(path = "/{id}")
    void cancel(@PathVariable Long id) {
    }
}
""",
}

ANSWERED = {
    "axum": (
        RUST_MODULES,
        {
            "GET /api/v1/members": "member list",
            "POST /api/v1/members": "member create",
            "GET /api/v1/members/me": "member me",
            "PATCH /api/v1/members/me": "member rename",
            "DELETE /api/v1/members/me": "member leave",
            "GET /api/v1/members/42": "member detail",
            "PUT /api/v1/members/42": "member replace",
            "PUT /api/v1/members/42/avatar": "member upload_avatar",
            "GET /api/v1/members/search/kim": "member search",
            "GET /api/v1/members/42/posts": "post list",
            "POST /api/v1/members/42/posts": "post create",
            "DELETE /api/v1/members/42/posts/7": "post remove",
            "GET /api/v1/members/42/posts/7": "post detail",
            "POST /api/v1/auth/login": "auth login",
            "POST /api/v1/auth/refresh": "auth refresh",
            "POST /api/v1/auth/some/thing": "auth other",
            "GET /health": "health",
            "GET /version": "app",
        },
    ),
    "utoipa": (
        UTOIPA,
        {
            "GET /seats": "list_seats",
            "POST /seats/12/hold": "hold_seat",
            "DELETE /seats/12/hold": "release_seat",
        },
    ),
    "actix": (
        ACTIX,
        {
            "GET /users/3": "get_user",
            "POST /users": "create_user",
            "GET /admin/stats": "stats",
            "POST /admin/jobs/7": "start_job",
            "DELETE /admin/jobs/7": "stop_job",
            "GET /admin/ping": "ping",
        },
    ),
    "fastapi": (
        FASTAPI_APP,
        {
            "GET /api/orders/12": "detail",
            "GET /api/orders/latest": "latest",
            "POST /api/orders": "place",
            "POST /api/orders/12/cancel": "cancel",
            "GET /api/items": "list_items",
            "DELETE /api/items/3": "delete_item",
            "GET /health": "health",
        },
    ),
    "flask": (
        FLASK,
        {
            "GET /shop/carts/3": "show_cart",
            "DELETE /shop/carts/3": "change_cart",
            "PUT /shop/carts/3": "change_cart",
            "POST /shop/carts/3/checkout": "checkout",
            "GET /status": "status_page",
        },
    ),
    "django": (
        DJANGO,
        {
            "GET /api/members/": "member_list",
            "GET /api/members/12/": "member_detail",
            "GET /api/members/12/posts/": "get",
            "POST /api/members/12/posts/": "post",
            "GET /api/legacy/2024/": "legacy",
        },
    ),
    "express": (
        EXPRESS_APP,
        {
            "GET /api/orders": "list",
            "POST /api/orders": "create",
            "GET /api/orders/mine": "mine",
            "GET /api/orders/12": "detail",
            "GET /api/orders/12/items": "listItems",
            "POST /api/orders/12/items": "addItem",
            "DELETE /api/orders/12": "removeOrder",
        },
    ),
    "nest": (
        NEST,
        {
            "GET /members": "findAll",
            "GET /members/me": "me",
            "GET /members/12": "findOne",
            "POST /members": "create",
            "PATCH /members/12/name": "rename",
            "GET /posts/12": "findPost",
            "DELETE /v1/posts/12": "removePost",
        },
    ),
    "net/http": (
        NET_HTTP,
        {
            "GET /items/12": "getItem",
            "POST /items": "createItem",
            "DELETE /items/12": "deleteItem",
            "GET /items/latest": "latestItem",
            "GET /healthz": "main",
        },
    ),
    "chi": (
        CHI,
        {
            "GET /articles": "listArticles",
            "POST /articles": "createArticle",
            "GET /articles/12": "getArticle",
            "PUT /articles/12": "updateArticle",
            "GET /articles/12/comments": "listComments",
            "GET /users/12": "getUser",
            "GET /admin/accounts": "listAccounts",
        },
    ),
    "gin": (
        GIN,
        {
            "POST /v1/login": "login",
            "GET /v1/files/a/b/c.txt": "serveFile",
            "GET /v1/users": "listUsers",
            "GET /v1/users/12": "getUser",
            "PUT /v1/users/12": "updateUser",
            "GET /ping": "Register",
        },
    ),
    "spring": (
        SPRING_APP,
        {
            "GET /api/members": "list",
            "GET /api/members/12": "detail",
            "POST /api/members": "create",
            "PUT /api/members/12/name": "rename",
            "GET /api/members/12/posts": "posts",
            "GET /api/orders/12": "order",
            "DELETE /api/orders/12": "cancel",
        },
    ),
}
CASES = [
    (framework, *request.split(" "), handler)
    for framework, (_, requests) in ANSWERED.items()
    for request, handler in requests.items()
]


def answered_by(files, method, uri):
    """The first handler, by its name, and by the folder it is in where the case asks for it."""
    return [
        f"{match.handler.path.removeprefix('src/').partition('/')[0]} {match.handler.name}"
        for match in table(files).match(method, uri)[:1]
    ]


@pytest.mark.parametrize(("framework", "method", "uri", "handler"), CASES)
def test_the_handler_comes_first(framework, method, uri, handler):
    (found,) = answered_by(ANSWERED[framework][0], method, uri)
    assert found.endswith(f" {handler}") or found == handler


@pytest.mark.parametrize(("framework", "method", "uri", "handler"), CASES)
def test_a_query_a_slash_at_the_end_and_a_host_change_nothing(framework, method, uri, handler):
    files = ANSWERED[framework][0]
    expected = answered_by(files, method, uri)
    plain = uri.rstrip("/")
    for other in (f"{plain}/", f"{uri}?page=2&to=/x/y", f"https://example.com{uri}#top", plain):
        assert answered_by(files, method, other) == expected
    assert answered_by(files, method.lower(), uri) == expected


@pytest.mark.parametrize("framework", ANSWERED)
@pytest.mark.parametrize(
    "uri", ["/wp-login.php", "/a/b/c/d/e/f/g", "/api/v9/unheard/of", "", "?", "//", "/../../etc/passwd"]
)
def test_what_nobody_answers(framework, uri):
    assert answered_by(ANSWERED[framework][0], "GET", uri) == []


def test_percent_encoding():
    assert answered_by(RUST_MODULES, "GET", "/api/v1/members/%EA%B9%80%20x") == ["member detail"]
    assert answered_by(RUST_MODULES, "GET", "/api/v1/members/a%2Fb") == ["member detail"]
    assert answered_by(RUST_MODULES, "GET", "/api/v1/%6Dembers/me") == ["member me"]
    assert answered_by(RUST_MODULES, "GET", "/api/v1/members/%ff%zz") == ["member detail"]


@pytest.mark.parametrize(
    "uri", ["http://[", "http://[::1", "/\ud800", "/a\0b", "\n", "/" * 5000, "/a" * 5000]
)
def test_a_uri_is_a_stranger_s(uri):
    assert table(RUST_MODULES).match("GET", uri) == []


def test_without_a_method_every_one_may_answer():
    names = {match.handler.name for match in table(RUST_MODULES).match(None, "/api/v1/members/me")}
    assert names == {"me", "rename", "leave"}


def test_another_method_is_a_weaker_match():
    """`OPTIONS` and `HEAD` are answered by a router itself: the handler of the path is still the best there is."""
    found = table(RUST_MODULES).match("HEAD", "/api/v1/members/search/kim")
    assert [match.handler.name for match in found] == ["search"]


def test_what_stands_in_tests_is_no_route():
    code = Code(
        Snapshot(
            commit="0" * 40,
            files={"tests/a.rs": SourceFile("tests/a.rs", AXUM["src/domain/member.rs"], "rust", False, True)},
        )
    )
    assert RouteTable(code).routes == []
