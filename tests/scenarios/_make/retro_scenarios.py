"""What went wrong with the retrospective service, and when."""

from history import History
from traffic import Failure, Log, Record, Route, Tracing, moment
from write import Scenario

AUTH = "server::domain::auth::service"
AI = "server::domain::ai::service"
CLIENT = "server::domain::ai::client"
RETRO = "server::domain::retrospect::service"
ROOM = "server::domain::room::service"
MEMBER = "server::domain::member::service"
URL = "https://api.anthropic.com/v1/messages"


def _ask(kind: str, attempt_fields: dict | None = None) -> tuple[Record, ...]:
    inner = {
        "attempt": 1,
        "kind": kind,
        "max_tokens": 400 if kind == "assistant" else 1500,
        "name": "call_claude",
    }
    return (
        ("INFO", CLIENT, "AI response received successfully", attempt_fields or {}, inner),
        ("DEBUG", CLIENT, "AI usage", {"input_tokens": "{tin}", "output_tokens": "{tout}"}, inner),
    )


EXPIRED = Failure(401, "AUTH4002", "만료된 토큰입니다.", ms=(0, 2))
MISSING = Failure(401, "AUTH4001", "인증 정보가 없습니다.", ms=(0, 2))
UNANSWERED = Failure(400, "VAL4001", "모든 질문에 대한 답변이 필요합니다.", ms=(5, 20))
SUBMITTED = Failure(409, "RETRO4091", "이미 제출한 회고입니다.", ms=(5, 20))
GONE = Failure(404, "RETRO4041", "존재하지 않는 회고입니다.", ms=(3, 9))
NO_ROOM = Failure(404, "ROOM4041", "존재하지 않는 회고 방입니다.", ms=(3, 9))
FORBIDDEN = Failure(403, "AUTH4004", "회고 방의 멤버가 아닙니다.", ms=(4, 9))
LIMITED = Failure(
    503,
    "AI5004",
    'AI rate limit: {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization\'s rate limit"}}',
    before=(
        (
            "ERROR",
            CLIENT,
            'AI returned an error: {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization\'s rate limit"}}',
            {"status": 429},
            {"attempt": 1, "kind": "analysis", "max_tokens": 1500, "name": "call_claude"},
        ),
    ),
    ms=(180, 700),
)
BAD_GRANT = Failure(
    401,
    "AUTH4006",
    "유효하지 않은 인가 코드입니다.",
    before=(
        (
            "ERROR",
            "server::domain::auth::client",
            'Google token exchange error: {\n  "error": "invalid_grant",\n  "error_description": "Malformed auth code."\n}',
            {},
            None,
        ),
    ),
    ms=(150, 500),
)


def routes(
    kakao: bool = False, insight: bool = False, ai_fields: dict | None = None, expired: float = 0.015
) -> list[Route]:
    """The service's routes and what its users do with them."""
    login: tuple[Record, ...] = (
        (
            "INFO",
            AUTH,
            "로그인 완료",
            {"member_id": "{member}"},
            {"provider": "google", "name": "social_login"},
        ),
    )
    late = ((expired, EXPIRED),)
    found = [
        Route("GET", "/api/v1/rooms", 14, noise=late),
        Route(
            "GET",
            "/api/v1/rooms/{room}/retrospects?page=0&size=20",
            22,
            (("INFO", RETRO, "회고 목록 조회 완료", {"room_id": "{room}", "rows": "{rows}"}, None),),
            noise=(*late, (0.01, FORBIDDEN)),
            tag="list",
        ),
        Route("GET", "/api/v1/rooms/{room}/members", 8, noise=late),
        Route("GET", "/api/v1/retrospects/{id}", 16, noise=(*late, (0.02, GONE))),
        Route(
            "PUT",
            "/api/v1/retrospects/{id}/drafts",
            12,
            (
                (
                    "INFO",
                    RETRO,
                    "회고 답변 저장 완료",
                    {"retrospect_id": "{id}", "member_id": "{member}", "submit": False},
                    {
                        "count": 5,
                        "id": "{id}",
                        "member_id": "{member}",
                        "submit": False,
                        "name": "save_answers",
                    },
                ),
            ),
            (15, 80),
            noise=(*late, (0.02, SUBMITTED)),
        ),
        Route(
            "POST",
            "/api/v1/retrospects/{id}/submit",
            5,
            (
                (
                    "INFO",
                    RETRO,
                    "회고 답변 저장 완료",
                    {"retrospect_id": "{id}", "member_id": "{member}", "submit": True},
                    {
                        "count": 5,
                        "id": "{id}",
                        "member_id": "{member}",
                        "submit": True,
                        "name": "save_answers",
                    },
                ),
            ),
            (20, 110),
            noise=((0.07, UNANSWERED), (0.02, SUBMITTED)),
        ),
        Route(
            "POST",
            "/api/v1/retrospects/{id}/analysis",
            4,
            (
                (
                    "INFO",
                    AI,
                    "회고 종합 분석 시작 (답변 {count}개)",
                    {},
                    {"id": "{id}", "member_id": "{member}", "name": "analyze_retrospective"},
                ),
                *_ask("analysis", ai_fields),
                (
                    "INFO",
                    AI,
                    "회고 종합 분석 완료",
                    {"retrospect_id": "{id}"},
                    {"id": "{id}", "member_id": "{member}", "name": "analyze_retrospective"},
                ),
            ),
            (3600, 7400),
            noise=((0.03, LIMITED),),
            tag="analysis",
        ),
        Route(
            "POST",
            "/api/v1/retrospects/{id}/questions/{order}/assistant",
            6,
            (
                *_ask("assistant", ai_fields),
                (
                    "INFO",
                    AI,
                    "어시스턴트 가이드 생성 완료",
                    {},
                    {
                        "id": "{id}",
                        "member_id": "{member}",
                        "order": "{order}",
                        "name": "generate_assistant_guide",
                    },
                ),
            ),
            (1100, 4200),
            tag="assistant",
        ),
        Route(
            "GET",
            "/api/v1/members/me",
            18,
            (("DEBUG", MEMBER, "회원 조회 완료", {"member_id": "{member}"}, None),),
            noise=late,
        ),
        Route(
            "PATCH",
            "/api/v1/members/me",
            1,
            (("INFO", MEMBER, "닉네임 변경", {"member_id": "{member}", "nickname": "{nick}"}, None),),
        ),
        Route("POST", "/api/v1/rooms/join", 2, noise=((0.2, NO_ROOM),)),
        Route(
            "POST",
            "/api/v1/rooms/{room}/retrospects",
            2,
            (("INFO", RETRO, "회고 생성 완료", {"retrospect_id": "{id}", "room_id": "{room}"}, None),),
            tag="create",
        ),
        Route(
            "POST", "/api/v1/auth/login/google", 3, login, (300, 900), noise=((0.06, BAD_GRANT),), tag="login"
        ),
        Route(
            "POST",
            "/api/v1/auth/refresh",
            7,
            (("INFO", AUTH, "토큰 재발급 완료", {"member_id": "{member}"}, None),) if kakao else (),
            (12, 40),
            noise=((0.03, MISSING), (0.02, EXPIRED)),
            tag="refresh",
        ),
        Route("POST", "/api/v1/auth/logout", 1),
        Route("GET", "/health", 10, ms=(1, 4)),
    ]
    if kakao:
        found.append(
            Route(
                "POST",
                "/api/v1/auth/login/kakao",
                4,
                (
                    (
                        "INFO",
                        AUTH,
                        "로그인 완료",
                        {"member_id": "{member}"},
                        {"provider": "kakao", "name": "social_login"},
                    ),
                ),
                (200, 700),
                tag="login",
            )
        )
    if insight:
        found.append(
            Route(
                "GET",
                "/api/v1/rooms/{room}/insight",
                2,
                _ask("insight", ai_fields),
                (4000, 9000),
                tag="insight",
            )
        )
    return found


def _start(log: Tracing, at: str) -> None:
    log.startup(
        at,
        ("INFO", "server", "Successfully connected to the database.", {}),
        ("INFO", "server", "Server running on http://0.0.0.0:8080", {}),
    )


def _stop(log: Log, at: str) -> None:
    log.write(moment(at), "INFO", "server::global::shutdown", "Shutting down gracefully", {}, [])


def scenarios(it: History) -> list[Scenario]:
    """Six of them."""
    sha = it.shas
    return [_ai_timeout(sha), _cookie(sha), _jwt(sha), _panic(it), _env(sha), _key(sha)]


def _failed(kind: str, text: str, fields: dict | None = None, tokens: int = 4000) -> tuple[Record, ...]:
    inner = {
        "attempt": 1,
        "kind": kind,
        "max_tokens": tokens if kind != "assistant" else 400,
        "name": "call_claude",
    }
    return (("ERROR", CLIENT, text, fields or {}, inner),)


def _ai_timeout(sha: dict[str, str]) -> Scenario:
    log = Tracing(1101, with_status=False)
    sent = f"error sending request for url ({URL})"
    started = (
        "INFO",
        AI,
        "회고 종합 분석 시작 (답변 {count}개)",
        {},
        {"id": "{id}", "member_id": "{member}", "name": "analyze_retrospective"},
    )
    analysis = Failure(
        504,
        "AI5003",
        f"AI request timed out: {sent}",
        (started, *_failed("analysis", f"AI request failed: {sent}")),
        (8003, 8190),
    )
    assistant = Failure(
        504,
        "AI5003",
        f"AI request timed out: {sent}",
        _failed("assistant", f"AI request failed: {sent}"),
        (8003, 8090),
    )

    def fault(at, route, rng):
        if at < moment("2026-04-08T01:31:00Z"):
            return None
        if route.tag == "analysis":
            return analysis if rng.random() < 0.8 else None
        return assistant if route.tag == "assistant" and rng.random() < 0.07 else None

    _start(log, "2026-04-07T23:40:11Z")
    log.traffic(routes(), "2026-04-07T23:41:00Z", "2026-04-08T01:29:40Z", 1.0)
    _stop(log, "2026-04-08T01:30:02Z")
    _start(log, "2026-04-08T01:30:09Z")
    log.traffic(routes(), "2026-04-08T01:30:15Z", "2026-04-08T05:10:00Z", 1.1, fault)
    return Scenario(
        "rust-ai-timeout",
        "Analyses time out after 8 seconds since one HTTP client serves all; a new model, on the same day, made it show",
        "../_bases/retro.fi",
        sha["ai_timeout_head"],
        {"server.2026-04-08.log": log.text()},
        "codes/server",
        "AI5003",
        files=["codes/server/src/global/http.rs"],
        functions=["shared_client"],
        commit=sha["shared_http"],
        keywords=[
            ["timeout", "time-out", "timed out", "타임아웃", "시간 제한"],
            ["8", "shared", "공유", "공용"],
        ],
    )


def _cookie(sha: dict[str, str]) -> Scenario:
    log = Tracing(1202)
    deploy = moment("2026-05-19T04:02:30Z")

    def fault(at, route, rng):
        if route.tag != "refresh" or at < deploy:
            return None
        hours = (at - deploy) / 3600
        if hours < 0.5:
            return None
        if rng.random() < min(0.85, 0.2 + hours * 0.25):
            return MISSING
        return EXPIRED if rng.random() < 0.25 else None

    _start(log, "2026-05-19T02:12:40Z")
    log.traffic(routes(insight=True), "2026-05-19T02:13:00Z", "2026-05-19T04:02:00Z", 1.0)
    _stop(log, "2026-05-19T04:02:11Z")
    _start(log, "2026-05-19T04:02:19Z")
    table = routes(kakao=True, insight=True)
    refresh = next(route for route in table if route.tag == "refresh")
    log.traffic(table + [refresh] * 2, "2026-05-19T04:02:30Z", "2026-05-19T07:30:00Z", 1.1, fault)
    return Scenario(
        "rust-cookie-path",
        "Nobody's token is refreshed: the cookie goes to another path since Kakao's login; only AUTH4001s",
        "../_bases/retro.fi",
        sha["cookie_head"],
        {"server.2026-05-19.log": log.text()},
        "codes/server",
        "AUTH4001",
        files=["codes/server/src/utils/cookie.rs"],
        functions=["build"],
        commit=sha["kakao"],
        keywords=[["cookie", "쿠키"], ["path", "경로"]],
    )


def _jwt(sha: dict[str, str]) -> Scenario:
    log = Tracing(1303)
    deploy = moment("2026-06-19T11:20:20Z")

    def fault(at, route, rng):
        if (
            at < deploy
            or route.tag in {"login", "refresh"}
            or "/auth/" in route.uri
            or route.uri == "/health"
        ):
            return None
        minutes = (at - deploy) / 60
        # tokens that were issued before live on for half an hour
        return EXPIRED if rng.random() < min(0.62, minutes / 48) else None

    _start(log, "2026-06-19T08:02:15Z")
    log.traffic(routes(kakao=True, insight=True), "2026-06-19T08:02:40Z", "2026-06-19T11:19:50Z", 0.8)
    _stop(log, "2026-06-19T11:20:01Z")
    _start(log, "2026-06-19T11:20:09Z")
    busy = [*routes(kakao=True, insight=True)]
    busy += [route for route in busy if route.tag == "refresh"] * 5
    log.traffic(busy, "2026-06-19T11:20:20Z", "2026-06-19T13:20:00Z", 1.6, fault)
    return Scenario(
        "rust-jwt-expiry-unit",
        "Access tokens live for 1.8 seconds: the setting is in seconds and is read as milliseconds; only AUTH4002s",
        "../_bases/retro.fi",
        sha["jwt_head"],
        {"server.2026-06-19.log": log.text()},
        "codes/server",
        "AUTH4002",
        files=["codes/server/src/config/mod.rs"],
        functions=["from_env"],
        commit=sha["ttl_duration"],
        keywords=[["millis", "밀리초", "1.8"], ["JWT_ACCESS_TTL", "access_ttl"]],
    )


def _panic(it: History) -> Scenario:
    log = Tracing(1404)
    path = "codes/server/src/domain/retrospect/dto.rs"
    line, column = it.line_of("panic_head", path, "let deadline = row.deadline.unwrap();")
    column += len("let deadline = row.deadline.")
    rooms = (31, 88)

    def panic(thread: int) -> Failure:
        raw = (
            f"\nthread 'tokio-runtime-worker' ({thread}) panicked at src/domain/retrospect/dto.rs:{line}:{column}:\n"
            "called `Option::unwrap()` on a `None` value\n"
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"
        )
        return Failure(
            0,
            before=(("INFO", RETRO, "회고 목록 조회 완료", {"room_id": "{room}", "rows": "{rows}"}, None),),
            raw=raw,
            ms=(9, 30),
        )

    _start(log, "2026-07-15T00:02:11Z")
    table = routes(kakao=True, insight=True)
    log.traffic(table, "2026-07-15T00:03:00Z", "2026-07-15T06:40:00Z", 0.6)
    listing = next(route for route in table if route.tag == "list")
    create = next(route for route in table if route.tag == "create")
    quiet = [route for route in table if route.tag != "list"]
    for made, room in (("2026-07-15T03:11:08Z", rooms[0]), ("2026-07-15T05:02:51Z", rooms[1])):
        log.request(moment(made), create, None, {"room": room, "id": 481 + room})
        at = moment(made) + 2
        while at < moment("2026-07-15T06:40:00Z"):
            log.request(
                at, listing, panic(log.rng.randint(18, 31)), {"room": room, "rows": log.rng.randint(3, 9)}
            )
            at += 4 + log.rng.expovariate(1 / 900)
    log.traffic(quiet, "2026-07-15T06:40:00Z", "2026-07-15T07:00:00Z", 1)
    return Scenario(
        "rust-panic-optional-field",
        "The list of a room panics since a retrospective may be without a deadline; a later commit moved the line",
        "../_bases/retro.fi",
        it.shas["panic_head"],
        {"server.2026-07-15.log": log.text()},
        "codes/server",
        "",
        "called `Option::unwrap()`",
        files=[path],
        functions=["remaining"],
        commit=it.shas["always_open"],
        keywords=[["deadline", "마감"], ["None", "null", "optional", "Option", "unwrap", "없는"]],
    )


def _env(sha: dict[str, str]) -> Scenario:
    log = Tracing(1505)
    body = '{"type":"error","error":{"type":"authentication_error","message":"x-api-key header is required"},"request_id":null}'
    deploy = moment("2026-08-25T10:31:40Z")

    def fault(at, route, rng):
        if at < deploy or route.tag not in {"analysis", "assistant", "insight"}:
            return None
        before = _failed(route.tag, f"AI returned an error: {body}", {"status": 401})
        if route.tag == "analysis":
            before = (
                (
                    "INFO",
                    AI,
                    "회고 종합 분석 시작 (답변 {count}개)",
                    {},
                    {"id": "{id}", "member_id": "{member}", "name": "analyze_retrospective"},
                ),
                *before,
            )
        return Failure(500, "AI5001", f"AI authentication failed: {body}", before, (140, 420))

    table = routes(kakao=True, insight=True, ai_fields={"model": "claude-sonnet-4-5"})
    _start(log, "2026-08-25T06:00:31Z")
    log.traffic(routes(kakao=True, insight=True), "2026-08-25T06:01:00Z", "2026-08-25T10:31:00Z", 0.5)
    _stop(log, "2026-08-25T10:31:21Z")
    _start(log, "2026-08-25T10:31:30Z")
    log.traffic(table, "2026-08-25T10:31:45Z", "2026-08-25T12:50:00Z", 1.1, fault)
    return Scenario(
        "rust-env-renamed",
        "The key's variable has another name in the code than where it is set; looks like a rejected key",
        "../_bases/retro.fi",
        sha["env_head"],
        {"server.2026-08-25.log": log.text()},
        "codes/server",
        "AI5001",
        files=["codes/server/src/config/mod.rs"],
        functions=["from_env"],
        commit=sha["provider_neutral"],
        keywords=[["AI_API_KEY"], ["ANTHROPIC_API_KEY"]],
    )


def _key(sha: dict[str, str]) -> Scenario:
    log = Tracing(1606, shape="spans")
    body = '{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_011CSd8T{hex}"}'

    def fault(at, route, rng):
        if at < moment("2026-09-17T03:04:00Z") or route.tag not in {"analysis", "assistant", "insight"}:
            return None
        before = _failed(route.tag, f"AI returned an error: {body}", {"status": 401})
        return Failure(500, "AI5001", f"AI authentication failed: {body}", before, (120, 380))

    table = routes(kakao=True, insight=True, ai_fields={"model": "claude-sonnet-4-5"})
    _start(log, "2026-09-16T21:00:12Z")
    log.traffic(table, "2026-09-17T00:50:00Z", "2026-09-17T04:30:00Z", 0.9, fault)
    return Scenario(
        "rust-key-rejected",
        "The provider rejects the key from one minute to the next; no restart, nothing wrong in the code",
        "../_bases/retro.fi",
        sha["key_head"],
        {"server.2026-09-17.log": log.text()},
        "codes/server",
        "AI5001",
        in_code=False,
        keywords=[
            ["key", "키"],
            ["reject", "invalid", "revoked", "expired", "거부", "유효하지", "만료", "폐기"],
        ],
        evidence=["invalid x-api-key", "401"],
    )
