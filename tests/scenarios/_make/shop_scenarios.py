"""What went wrong in the shop, and when."""

from history import History
from traffic import Failure, Record, Route, Tracing, moment
from write import Scenario

ORDER = "shop_api::services::order"
PAY = "shop_api::services::payment"
PG = "shop_api::clients::pg"
COUPON = "shop_api::services::coupon"
DELIVERY = "shop_api::clients::delivery"
SALE = "shop_api::services::sale"
ERROR = "shop_api::error"


class ShopLog(Tracing):
    """The shop's own ways: a constant message, the text in a field."""

    def begin(self, request):
        """tower_http at DEBUG isn't on."""

    def span(self, request, status=None):
        return {"method": request.method, "request_id": request.id, "uri": request.uri, "name": "http"}

    def fail(self, request, at, failure):
        fields = {"error_code": failure.code, "error": failure.message} | failure.extra
        self.write(at, "ERROR", ERROR, "request failed", fields, [self.span(request)])

    def start(self, at: str) -> None:
        """As main.rs has it."""
        self.startup(at, ("INFO", "shop_api", "shop-api listening", {"port": 3000, "version": "1.4.0"}))


def _log(seed: int, shape: str = "nested") -> ShopLog:
    return ShopLog(seed, shape=shape, middleware="shop_api::routes")


def failing(
    status: int, code: str, error: str, before: tuple[Record, ...] = (), ms: tuple[int, int] | None = None
) -> Failure:
    """A failure, shorter."""
    return Failure(status, code, error, before, ms)


EXPIRED = failing(401, "AUTH4002", "token expired", ms=(0, 2))
NO_TOKEN = failing(401, "AUTH4001", "authentication required", ms=(0, 1))
NO_PRODUCT = failing(404, "PRODUCT4041", "product not found", ms=(2, 6))
SOLD_OUT = failing(409, "ORDER4091", "out of stock: product {id}", ms=(9, 30))
DECLINED = failing(
    402,
    "PAY4021",
    'payment declined: {"code":"REJECT_CARD_COMPANY","message":"결제 승인이 거절되었습니다"}',
    (
        (
            "WARN",
            PG,
            "payment declined",
            {"order_id": "{order_id}", "status": 400},
            {"order_id": "{order_id}", "user_id": "{member}", "name": "confirm_payment"},
        ),
    ),
    (300, 900),
)
BAD_PHONE = failing(422, "VAL4001", "phone: 휴대폰 번호를 확인해 주세요.", ms=(0, 3))
ISSUED = failing(409, "COUPON4091", "coupon already issued", ms=(5, 14))
NO_COUPON = failing(404, "COUPON4041", "coupon not found", ms=(4, 12))


def routes(sales: bool = True, sms: bool = True, wishes: bool = True, page: str = "1") -> list[Route]:
    """What customers do."""
    late = (0.012, EXPIRED)
    found = [
        Route("GET", f"/api/shop/products?page={page}", 20, ms=(6, 70), tag="list"),
        Route("GET", "/api/shop/products?category=living&page={page}", 10, ms=(6, 70), tag="list"),
        Route("GET", "/api/shop/products/{id}", 30, ms=(3, 30), noise=((0.015, NO_PRODUCT),)),
        Route(
            "POST",
            "/api/shop/orders",
            7,
            (
                (
                    "INFO",
                    ORDER,
                    "order placed",
                    {"order_id": "{order_id}", "user_id": "{member}", "total": "{price}"},
                    {"lines": 2, "user_id": "{member}", "name": "place_order"},
                ),
            ),
            (25, 140),
            noise=((0.03, SOLD_OUT), (0.01, BAD_PHONE), late),
            tag="order",
        ),
        Route(
            "POST",
            "/api/shop/orders/{order_id}/payment",
            6,
            (
                (
                    "INFO",
                    PG,
                    "payment approved",
                    {"order_id": "{order_id}", "amount": "{price}", "method": "카드"},
                    {"order_id": "{order_id}", "user_id": "{member}", "name": "confirm_payment"},
                ),
                (
                    "INFO",
                    PAY,
                    "order paid",
                    {"order_id": "{order_id}", "user_id": "{member}"},
                    {"order_id": "{order_id}", "user_id": "{member}", "name": "confirm_payment"},
                ),
            ),
            (500, 1900),
            noise=((0.05, DECLINED),),
            tag="pay",
        ),
        Route("GET", "/api/shop/orders/{order_id}", 6, noise=(late,)),
        Route("GET", "/api/shop/orders/{order_id}/tracking", 10, ms=(120, 700), tag="track"),
        Route("GET", "/api/me/orders?page=1", 8, ms=(8, 60), noise=(late, (0.01, NO_TOKEN)), tag="mine"),
        Route("GET", "/api/me/coupons", 5, ms=(4, 30), noise=(late,)),
        Route(
            "POST",
            "/api/shop/coupons/{coupon}/issue",
            7,
            (
                (
                    "INFO",
                    COUPON,
                    "coupon issued",
                    {"user_id": "{member}", "coupon_id": "{coupon}", "name": "봄맞이 5천원"},
                    {"coupon_id": "{coupon}", "user_id": "{member}", "name": "issue"},
                ),
            ),
            (8, 40),
            noise=((0.14, ISSUED), (0.02, NO_COUPON)),
            status=201,
            tag="coupon",
        ),
        Route(
            "POST",
            "/api/shop/orders/{order_id}/cancel",
            1,
            (
                (
                    "INFO",
                    PAY,
                    "order cancelled",
                    {"order_id": "{order_id}"},
                    {"order_id": "{order_id}", "user_id": "{member}", "name": "cancel_order"},
                ),
            ),
            (300, 900),
        ),
        Route("GET", "/healthz", 6, ms=(1, 4)),
    ]
    if sales:
        found.append(Route("GET", "/api/shop/sales/today", 9, (), (5, 40), tag="sale"))
    if wishes:
        found.append(Route("PUT", "/api/me/wishes/{id}", 3, (), (4, 20), status=204, tag="wish"))
        found.append(Route("GET", "/api/me/wishes", 4, (), (4, 20)))
    return found


def scenarios(it: History) -> list[Scenario]:
    """Nine of them."""
    sha = it.shas
    return [
        _page(sha),
        _zone(sha),
        _coupon(sha),
        _phone(sha),
        _dto(sha),
        _retry(sha),
        _pool(sha),
        _revert(sha),
        _refused(sha),
    ]


def _run(log: ShopLog, table: list[Route], start: str, end: str, rate: float, fault=lambda *_: None) -> None:
    plain = log.values

    def values() -> dict:
        found = plain()
        return found | {
            "order_id": 48_000 + log.rng.randint(1, 3000),
            "coupon": log.rng.choice((7, 9, 12, 15)),
        }

    log.values = values
    log.traffic(table, start, end, rate, fault)
    log.values = plain


def _scenario(name, title, sha, head, log, day, code, **truth) -> Scenario:
    return Scenario(
        name, title, "../_bases/shop.fi", sha[head], {f"shop-api.{day}.log": log.text()}, ".", code, **truth
    )


def _page(sha):
    log = _log(2101)
    text = "Query Error: error returned from database: OFFSET must not be negative"
    table = routes(sms=False)
    old = [
        Route("GET", "/api/shop/products?page=0&size=20", 5, ms=(6, 60), tag="zero"),
        Route("GET", "/api/me/orders?page=0", 2, ms=(6, 60), tag="zero"),
        Route("GET", "/api/shop/products", 3, ms=(6, 60), tag="zero"),
    ]

    def fault(at, route, rng):
        if at < moment("2026-02-10T05:30:20Z") or route.tag != "zero":
            return None
        return failing(500, "DB5002", text, ms=(5, 30))

    log.start("2026-02-10T02:50:00Z")
    _run(log, table + old, "2026-02-10T02:51:00Z", "2026-02-10T05:30:00Z", 1.7)
    log.start("2026-02-10T05:30:12Z")
    _run(log, table + old, "2026-02-10T05:30:20Z", "2026-02-10T07:40:00Z", 2.0, fault)
    return _scenario(
        "rust-page-offset",
        "Lists fail for clients that count pages from 0: the guard went with a refactoring of the pager",
        sha,
        "page_head",
        log,
        "2026-02-10",
        "DB5002",
        files=["src/pagination.rs"],
        functions=["offset"],
        commit=sha["page_total"],
        keywords=[["offset", "page - 1", "number() - 1"], ["negative", "음수", "max(1)", "0"]],
    )


def _zone(sha):
    log = _log(2202, "flat")
    failure = failing(404, "SALE4041", "no sale today", ms=(3, 9))

    # The campaign's first day is the 10th, which begins at 15:00Z in Korea; the app shows it from then on.
    begins, utc_day = moment("2026-03-09T15:00:00Z"), moment("2026-03-10T00:00:00Z")

    def fault(at, route, rng):
        return failure if route.tag == "sale" and begins <= at < utc_day else None

    log.start("2026-03-09T11:00:00Z")
    _run(log, routes(sales=False), "2026-03-09T12:00:00Z", "2026-03-09T15:00:00Z", 1.1)
    _run(log, routes(), "2026-03-09T15:00:00Z", "2026-03-09T18:00:00Z", 1.6, fault)
    _run(log, routes(), "2026-03-09T18:00:00Z", "2026-03-09T22:00:00Z", 0.3, fault)
    _run(log, routes(), "2026-03-09T22:00:00Z", "2026-03-10T02:00:00Z", 1.1, fault)
    return _scenario(
        "rust-day-boundary",
        "A campaign's first sale is not found from midnight until 9 in the morning: the day is UTC's since a dependency went; only 404s",
        sha,
        "tz_head",
        log,
        "2026-03-09",
        "SALE4041",
        files=["src/clock.rs"],
        functions=["today"],
        commit=sha["tz_cleanup"],
        keywords=[["UTC"], ["KST", "Seoul", "서울", "한국", "Korea", "timezone", "time zone", "시간대"]],
    )


def _coupon(sha):
    log = _log(2303)
    text = 'Execution Error: error returned from database: duplicate key value violates unique constraint "uq_coupon_issues"'
    start = moment("2026-04-16T09:10:10Z")

    def fault(at, route, rng):
        if route.tag != "coupon" or at < start:
            return None
        return failing(500, "DB5003", text, ms=(7, 25)) if rng.random() < 0.55 else None

    log.start("2026-04-16T05:40:00Z")
    _run(log, routes(), "2026-04-16T05:41:00Z", "2026-04-16T09:09:50Z", 1.6)
    log.start("2026-04-16T09:10:00Z")
    _run(log, routes(), "2026-04-16T09:10:10Z", "2026-04-16T12:30:00Z", 1.9, fault)
    return _scenario(
        "rust-coupon-filter",
        "Who has used a coupon and asks again gets a unique violation: a shared query hides used ones",
        sha,
        "coupon_head",
        log,
        "2026-04-16",
        "DB5003",
        files=["src/repositories/coupon.rs"],
        functions=["of_user"],
        commit=sha["coupon_scope"],
        keywords=[
            ["used_at", "UsedAt", "is_null", "used", "사용한", "사용된"],
            ["of_user", "find_issue", "unique", "filter", "조건"],
        ],
    )


def _phone(sha):
    log = _log(2404)
    start = moment("2026-05-19T08:00:10Z")

    def fault(at, route, rng):
        if route.tag != "order" or at < start:
            return None
        return BAD_PHONE if rng.random() < 0.55 else None

    log.start("2026-05-19T04:30:00Z")
    _run(log, routes(), "2026-05-19T04:31:00Z", "2026-05-19T07:59:50Z", 1.7)
    log.start("2026-05-19T08:00:00Z")
    _run(log, routes(), "2026-05-19T08:00:10Z", "2026-05-19T11:20:00Z", 1.8, fault)
    return _scenario(
        "rust-phone-validation",
        "Half of all orders are refused: a number must have hyphens since a mechanical refactoring; only VAL4001s",
        sha,
        "phone_head",
        log,
        "2026-05-19",
        "VAL4001",
        files=["src/validation.rs"],
        functions=["phone"],
        commit=sha["lazylock"],
        keywords=[["hyphen", "dash", "-?", "하이픈", "대시"], ["PHONE", "phone", "regex", "정규식", "전화"]],
    )


def _dto(sha):
    log = _log(2505)
    start = moment("2026-06-23T02:00:12Z")

    def fault(at, route, rng):
        if route.tag != "order" or at < start or rng.random() < 0.35:
            return None
        column = rng.choice((38, 39, 40, 41, 55))
        text = f"malformed request: Failed to deserialize the JSON body into the target type: items[0]: missing field `productId` at line 1 column {column}"
        return failing(400, "COMMON400", text, ms=(0, 2))

    log.start("2026-06-22T23:00:00Z")
    _run(log, routes(), "2026-06-22T23:01:00Z", "2026-06-23T01:59:50Z", 1.6)
    log.start("2026-06-23T02:00:02Z")
    _run(log, routes(), "2026-06-23T02:00:12Z", "2026-06-23T05:20:00Z", 1.9, fault)
    return _scenario(
        "rust-serde-rename",
        "The app's orders don't parse: a struct that is in answers and in requests was renamed for the answers; only COMMON400s",
        sha,
        "dto_head",
        log,
        "2026-06-23",
        "COMMON400",
        files=["src/routes/dto.rs"],
        functions=["OrderLine"],
        commit=sha["dto_camel"],
        keywords=[["rename_all", "camelCase", "productId", "camel"], ["OrderLine", "product_id", "snake"]],
    )


def _retry(sha):
    log = _log(2606)
    start = moment("2026-07-21T04:00:10Z")
    sent = "error sending request for url (https://apis.delivery.example.com/v2/trackings/{order_id})"
    dup = 'Execution Error: error returned from database: duplicate key value violates unique constraint "pk_wishes"'

    def fault(at, route, rng):
        if route.tag == "wish":
            return failing(500, "DB5003", dup, ms=(4, 12)) if rng.random() < 0.16 else None
        if route.tag == "track" and at >= start and rng.random() < 0.42:
            before = (
                (
                    "ERROR",
                    DELIVERY,
                    "tracking lookup failed",
                    {"order_id": "{order_id}", "error": sent},
                    None,
                ),
            )
            return failing(502, "EXT5002", f"delivery api: {sent}", before, (30, 220))
        return None

    log.start("2026-07-21T00:30:00Z")
    _run(log, routes(), "2026-07-21T00:31:00Z", "2026-07-21T03:59:50Z", 1.6, fault)
    log.start("2026-07-21T04:00:00Z")
    _run(log, routes(), "2026-07-21T04:00:10Z", "2026-07-21T08:00:00Z", 1.7, fault)
    return _scenario(
        "rust-retry-removed-noise",
        "Lookups fail at once since the retrying crate was removed; wishes that exist already fail all day beside it",
        sha,
        "retry_head",
        log,
        "2026-07-21",
        "EXT5002",
        files=["src/clients/delivery.rs"],
        functions=["track"],
        commit=sha["no_backoff"],
        keywords=[
            ["retry", "retries", "retried", "재시도"],
            ["removed", "without", "no longer", "제거", "없"],
        ],
    )


def _pool(sha):
    log = _log(2707)
    # Five connections; from 20:00 in Korea a payment a second or so, each held for as long as the gateway takes.
    peak, calm = moment("2026-08-31T11:00:25Z"), moment("2026-08-31T11:05:40Z")
    text = "Failed to acquire connection from pool: Connection pool timed out"

    def fault(at, route, rng):
        if not peak <= at < calm or route.uri == "/healthz":
            return None
        if route.tag == "pay":
            if rng.random() < 0.55:
                return failing(503, "DB5001", text, ms=(5001, 5020))
            # the gateway is slow in the evening, as ever; nothing fails there
            return Failure(200, before=route.records, ms=(11200, 26800))
        return failing(503, "DB5001", text, ms=(5001, 5030)) if rng.random() < 0.42 else None

    table = routes()
    rush = [route for route in table if route.tag == "pay"] * 12
    rush += [route for route in table if route.tag in {"order", "sale"}] * 3
    log.start("2026-08-31T06:02:00Z")
    _run(log, table, "2026-08-31T08:30:00Z", "2026-08-31T10:59:00Z", 1.1)
    _run(log, table + rush, "2026-08-31T10:59:00Z", "2026-08-31T11:05:40Z", 36, fault)
    _run(log, table, "2026-08-31T11:05:40Z", "2026-08-31T12:20:00Z", 1.6)
    return _scenario(
        "rust-pool-held-by-remote-call",
        "Every route runs out of connections in the evening's rush: payments hold a transaction while the gateway answers",
        sha,
        "pool_head",
        log,
        "2026-08-31",
        "DB5001",
        files=["src/services/payment.rs"],
        functions=["confirm"],
        commit=sha["pay_atomic"],
        keywords=[
            ["transaction", "트랜잭션", "begin"],
            ["approve", "gateway", "http", "PG", "payment", "결제"],
        ],
    )


def _revert(sha):
    log = _log(2808)
    text = "Execution Error: error returned from database: deadlock detected"
    start = moment("2026-11-02T02:00:00Z")

    def fault(at, route, rng):
        if route.tag != "order" or at < start:
            return None
        if rng.random() < 0.28:
            wait = (
                "WARN",
                "sqlx::query",
                "slow statement: execution time exceeded alert threshold",
                {
                    "summary": 'UPDATE "products" SET "stock" …',
                    "db.statement": '\n\nUPDATE\n  "products"\nSET\n  "stock" = "stock" - $1\nWHERE\n  "products"."id" = $2\n  AND "products"."stock" >= $3\n',
                    "rows_affected": 0,
                    "elapsed": "1.003418207s",
                    "slow_threshold": "800ms",
                },
                {"lines": 3, "user_id": "{member}", "name": "place_order"},
            )
            return failing(500, "DB5002", text, (wait,), (1005, 1090))
        return None

    table = routes()
    busy = table + [route for route in table if route.tag == "order"] * 5
    log.start("2026-10-31T04:00:00Z")
    _run(log, table, "2026-11-01T23:30:00Z", "2026-11-02T02:00:00Z", 1.7)
    _run(log, busy, "2026-11-02T02:00:00Z", "2026-11-02T03:10:00Z", 3.8, fault)
    _run(log, table, "2026-11-02T03:10:00Z", "2026-11-02T04:10:00Z", 1.6)
    return _scenario(
        "rust-revert-undoes-fix",
        "Orders deadlock in a promotion: a revert took back a year-old fix together with what it was to take back",
        sha,
        "revert_head",
        log,
        "2026-11-02",
        "DB5002",
        files=["src/repositories/inventory.rs"],
        functions=["decrease"],
        commit=sha["revert"],
        keywords=[
            ["sort", "order of", "ordering", "lock order", "정렬", "순서"],
            ["deadlock", "교착", "데드락"],
        ],
    )


def _refused(sha):
    log = _log(2909, "spans")
    begin, end = moment("2026-11-09T18:42:10Z"), moment("2026-11-09T19:01:00Z")
    text = "Connection Error: error communicating with database: Connection refused (os error 111)"

    def fault(at, route, rng):
        if not begin <= at < end:
            return None
        if route.uri == "/healthz":
            return Failure(503, ms=(1, 3))
        return failing(503, "DB5001", text, ms=(1, 6))

    log.start("2026-11-09T04:10:00Z")
    _run(log, routes(), "2026-11-09T17:00:00Z", "2026-11-09T20:00:00Z", 2.0, fault)
    return _scenario(
        "rust-database-refused",
        "The database is away for a quarter of an hour at night; deployed for days, nothing wrong in the code",
        sha,
        "refused_head",
        log,
        "2026-11-09",
        "DB5001",
        in_code=False,
        keywords=[
            ["refused", "거부", "down", "unreachable", "내려"],
            ["database", "postgres", "DB", "데이터베이스"],
        ],
        evidence=["Connection refused (os error 111)"],
    )
