"""What went wrong with the services that are not in Rust."""

from dataclasses import dataclass

from history import History
from traffic import Failure, Log, Route, _json, _utc, moment
from write import Scenario


# ------------------------------------------------------------------------------------------------- structlog
@dataclass
class Structlog(Log):
    """structlog's JSONRenderer, with the request bound."""

    def write(self, at, level, target, message, fields, spans):
        record = {k: v for k, v in (spans[0] if spans else {}).items()} | fields
        record |= {"event": message, "level": level.lower(), "logger": target, "timestamp": _utc(at)}
        self.lines.append((at, len(self.lines), _json(record)))

    def span(self, request, status=None):
        return {
            "request_id": request.id.replace("-", ""),
            "method": request.method,
            "path": request.uri.split("?")[0],
        }

    def fail(self, request, at, failure):
        fields = (
            {"error_code": failure.code}
            | ({"status": failure.status} if failure.code != "COMMON500" else {})
            | failure.extra
        )
        level = "WARNING" if failure.code == "VAL4001" else "ERROR"
        self.write(at, level, "briefing.errors", failure.message, fields, [self.span(request)])

    def end(self, request, at, status, latency):
        if latency > 5000:
            self.write(
                at,
                "WARNING",
                "briefing.middleware",
                "slow request",
                {"duration_ms": latency},
                [self.span(request)],
            )
        self.write(
            at,
            "INFO",
            "briefing.middleware",
            "request completed",
            {"status": status, "duration_ms": latency},
            [self.span(request)],
        )


COLLECT = "briefing.services.collector"
COMPOSE = "briefing.services.composer"
LLM = "briefing.llm.client"
NO_BRIEFING = Failure(404, "BRIEF4041", "no briefing yet", ms=(4, 15))
NO_READER = Failure(404, "BRIEF4041", "no such reader", ms=(3, 9))
BAD_BODY = Failure(
    422,
    "VAL4001",
    "invalid request",
    ms=(1, 3),
    extra={"where": "body.nickname", "reason": "String should have at least 1 character"},
)


def _briefing_routes(*, usage: bool) -> list[Route]:
    topics = ["society", "technology"]
    replied = (
        "INFO",
        LLM,
        "model replied",
        {"input_tokens": "{tin}", "output_tokens": "{tout}", "stop_reason": "end_turn"} if usage else {},
        None,
    )
    return [
        Route("GET", "/api/articles?topic=technology", 22, ms=(8, 60)),
        Route("GET", "/api/articles?limit=50", 8, ms=(8, 80)),
        Route(
            "POST",
            "/api/articles",
            6,
            (("INFO", COLLECT, "article collected", {"article_id": "{id}", "topic": "technology"}, None),),
            (300, 1900),
            status=201,
        ),
        Route(
            "POST",
            "/api/briefings/{member}",
            9,
            (
                (
                    "INFO",
                    COMPOSE,
                    "composing",
                    {"reader_id": "{member}", "articles": "{count}", "topics": topics},
                    None,
                ),
                replied,
                (
                    "INFO",
                    COMPOSE,
                    "briefing composed",
                    {"reader_id": "{member}", "briefing_id": "{id}"},
                    None,
                ),
            ),
            (3000, 9000),
            status=201,
            tag="compose",
        ),
        Route("GET", "/api/briefings/{member}/latest", 20, ms=(6, 40), noise=((0.05, NO_BRIEFING),)),
        Route("GET", "/api/readers/{member}", 14, ms=(4, 25), noise=((0.02, NO_READER),), tag="profile"),
        Route("PUT", "/api/readers/{member}/preference", 3, ms=(10, 40)),
        Route("POST", "/api/readers", 2, ms=(10, 40), status=201, noise=((0.15, BAD_BODY),)),
        Route(
            "POST",
            "/api/exports/{member}",
            4,
            (
                (
                    "INFO",
                    "briefing.services.archive",
                    "exported",
                    {"reader_id": "{member}", "rows": "{rows}"},
                    None,
                ),
            ),
            (20, 160),
            tag="export",
        ),
    ]


def _started(log: Structlog, at: str) -> None:
    log.write(
        moment(at),
        "INFO",
        "briefing.main",
        "briefing started",
        {"model": "claude-haiku-4-5", "data_dir": "/data"},
        [],
    )


def briefing(it: History) -> list[Scenario]:
    """Three of them."""
    return [_parse(it), _none(it), _disk(it)]


def _parse(it: History) -> Scenario:
    log = Structlog(3101)
    deploy = moment("2026-04-24T05:00:10Z")
    text = "the model's reply is not what was asked for: Invalid JSON: expected value at line 1 column 1"

    def fault(at, route, rng):
        if route.tag != "compose" or at < deploy or rng.random() < 0.55:
            return None
        before = (
            *route.records[:2],
            ("WARNING", "briefing.llm.replies", "unreadable reply", {"length": "{tout}"}, None),
        )
        return Failure(502, "AI5031", text, before, (3000, 8800))

    _started(log, "2026-04-24T00:30:00Z")
    log.traffic(_briefing_routes(usage=False), "2026-04-24T00:31:00Z", "2026-04-24T05:00:00Z", 0.9)
    _started(log, "2026-04-24T05:00:08Z")
    log.traffic(_briefing_routes(usage=True), "2026-04-24T05:00:10Z", "2026-04-24T10:30:00Z", 0.9, fault)
    return Scenario(
        "python-reply-fence",
        "Half of the model's replies can't be read: what took off the code fence went with a move to pydantic",
        "../_bases/briefing.fi",
        it.shas["parse_head"],
        {"briefing.log": log.text()},
        "backend",
        "AI5031",
        files=["backend/briefing/llm/replies.py"],
        functions=["parse"],
        commit=it.shas["pydantic_reply"],
        keywords=[
            ["fence", "code block", "```", "코드 블록", "코드블록", "백틱", "backtick"],
            ["strip", "remove", "parse", "제거", "파싱", "JSON"],
        ],
    )


def _none(it: History) -> Scenario:
    log = Structlog(3202)
    deploy = moment("2026-05-21T06:10:10Z")
    api = "backend/briefing/api/briefings.py"
    composer, readers = "backend/briefing/services/composer.py", "backend/briefing/services/readers.py"

    def at_line(path: str, text: str) -> int:
        return it.line_of("none_head", path, text)[0]

    line = '    return [topic.strip() for topic in reader.preference.topics.split(",") if topic.strip()]'
    trace = (
        "Traceback (most recent call last):\n"
        '  File "/app/.venv/lib/python3.12/site-packages/starlette/middleware/errors.py", line 165, in __call__\n    await self.app(scope, receive, _send)\n'
        '  File "/app/.venv/lib/python3.12/site-packages/fastapi/routing.py", line 301, in app\n    raw_response = await run_endpoint_function(\n'
        f'  File "/app/briefing/api/briefings.py", line {at_line(api, "await composer.compose")}, in compose\n    briefing = await composer.compose(db, reader_id)\n'
        f'  File "/app/briefing/services/composer.py", line {at_line(composer, "readers.topics_of")}, in compose\n    topics = readers.topics_of(reader)\n'
        f'  File "/app/briefing/services/readers.py", line {at_line(readers, "topic.strip() for topic")}, in topics_of\n{line}\n'
        "AttributeError: 'NoneType' object has no attribute 'topics'"
    )
    failure = Failure(500, "COMMON500", "unhandled error", ms=(6, 25), extra={"exception": trace})

    def fault(at, route, rng):
        return failure if route.tag == "compose" and at >= deploy and rng.random() < 0.22 else None

    _started(log, "2026-05-21T02:00:00Z")
    log.traffic(_briefing_routes(usage=True), "2026-05-21T02:01:00Z", "2026-05-21T06:10:00Z", 1.1)
    _started(log, "2026-05-21T06:10:08Z")
    log.traffic(_briefing_routes(usage=True), "2026-05-21T06:10:10Z", "2026-05-21T12:30:00Z", 1.2, fault)
    return Scenario(
        "python-none-preference",
        "Briefings of readers without a preference fail: a default was lost in a fix of blanks",
        "../_bases/briefing.fi",
        it.shas["none_head"],
        {"briefing.log": log.text()},
        "backend",
        "COMMON500",
        files=[readers],
        functions=["topics_of"],
        commit=it.shas["topics_prop"],
        keywords=[["None", "null"], ["preference", "설정"]],
    )


def _disk(it: History) -> Scenario:
    log = Structlog(3303)
    begin = moment("2026-06-08T03:17:00Z")

    def fault(at, route, rng):
        if at < begin or route.tag != "export":
            return None
        text = "[Errno 28] No space left on device: '/data/exports/reader-{member}.md'"
        if rng.random() < 0.5:
            text = "[Errno 28] No space left on device"
        before = (
            (
                "ERROR",
                "briefing.services.archive",
                "export failed",
                {"reader_id": "{member}", "path": "/data/exports/reader-{member}.md", "error": text},
                None,
            ),
        )
        return Failure(500, "EXT5010", f"could not write the export: {text}", before, (4, 20))

    _started(log, "2026-06-03T01:00:00Z")
    log.traffic(_briefing_routes(usage=True), "2026-06-08T00:00:00Z", "2026-06-08T06:00:00Z", 1.3, fault)
    return Scenario(
        "python-disk-full",
        "Exports can't be written: the volume is full; nothing wrong in the code",
        "../_bases/briefing.fi",
        it.shas["disk_head"],
        {"briefing.log": log.text()},
        "backend",
        "EXT5010",
        in_code=False,
        keywords=[["disk", "space", "volume", "디스크", "용량", "공간"]],
        evidence=["No space left on device"],
    )


# ------------------------------------------------------------------------------------------------- slog
@dataclass
class Slog(Log):
    """log/slog's JSONHandler."""

    def write(self, at, level, target, message, fields, spans):
        record = (
            {"time": _utc(at).replace("Z", "123Z"), "level": level, "msg": message}
            | (spans[0] if spans else {})
            | fields
        )
        self.lines.append((at, len(self.lines), _json(record)))

    def span(self, request, status=None):
        return {"request_id": request.id, "method": request.method, "path": request.uri.split("?")[0]}

    def fail(self, request, at, failure):
        self.write(
            at,
            "ERROR",
            "",
            "request failed",
            {"error_code": failure.code, "error": failure.message},
            [self.span(request)],
        )

    def end(self, request, at, status, latency):
        size = request.values["size"] if request.method == "POST" else 0
        if status == 413:
            size = 2_700_000 + request.values["size"] * 9
        fields = {"status": status, "duration_ms": latency, "bytes": size}
        self.write(at, "INFO", "", "request completed", fields, [self.span(request)])


def files(it: History) -> list[Scenario]:
    """One."""
    log = Slog(4101)
    deploy = moment("2026-03-11T01:40:10Z")
    gone = Failure(404, "FILE4041", "no such file", ms=(1, 4))
    nameless = Failure(400, "VAL4001", "a file needs a name", ms=(0, 1))
    table = [
        Route("GET", "/v1/files/{hex}", 40, ms=(2, 80), noise=((0.03, gone),)),
        Route("GET", "/v1/files/{hex}/thumbnail", 24, ms=(10, 120), noise=((0.02, gone),)),
        Route(
            "POST",
            "/v1/files/",
            16,
            (
                (
                    "INFO",
                    "",
                    "file stored",
                    {"file_id": "{hex}", "size": "{size}", "name": "{nick} 영수증.pdf"},
                    None,
                ),
            ),
            (30, 900),
            status=201,
            tag="upload",
            noise=((0.02, nameless),),
        ),
        Route("GET", "/v1/files/?after={hex}", 10, ms=(3, 40)),
        Route("DELETE", "/v1/files/{hex}", 4, ms=(3, 30), status=204, noise=((0.1, gone),)),
        Route("GET", "/v1/folders/{nick}", 5, ms=(3, 30)),
        Route("GET", "/healthz", 10, ms=(0, 1)),
    ]

    def fault(at, route, rng):
        if route.tag != "upload" or at < deploy:
            return None
        return Failure(413, "FILE4131", "file too large", ms=(120, 1400)) if rng.random() < 0.24 else None

    log.write(
        moment("2026-03-10T22:00:00Z"),
        "INFO",
        "",
        "filebox listening",
        {"addr": ":8090", "root": "/var/lib/filebox"},
        [],
    )
    log.traffic(table, "2026-03-10T22:00:10Z", "2026-03-11T01:40:00Z", 1.2)
    log.write(
        moment("2026-03-11T01:40:08Z"),
        "INFO",
        "",
        "filebox listening",
        {"addr": ":8090", "root": "/var/lib/filebox"},
        [],
    )
    log.traffic(table, "2026-03-11T01:40:10Z", "2026-03-11T06:30:00Z", 1.4, fault)
    return [
        Scenario(
            "go-default-limit",
            "Uploads over 2.5 MB are refused: a default lost a digit when parsing became struct tags; only 413s",
            "../_bases/files.fi",
            it.shas["limit_head"],
            {"filebox.log": log.text()},
            ".",
            "FILE4131",
            files=["internal/config/config.go"],
            functions=["Load"],
            commit=it.shas["envparse"],
            keywords=[["2621440", "2.5", "MaxBytes", "MAX_BYTES"], ["default", "기본"]],
        )
    ]


# ------------------------------------------------------------------------------------------------- pino
@dataclass
class Pino(Log):
    """pino and pino-http."""

    def write(self, at, level, target, message, fields, spans):
        number = {"INFO": 30, "WARN": 40, "ERROR": 50}[level]
        record = {"level": number, "time": int(at * 1000), "pid": 1, "hostname": "7c1f0c2d9a4e"}
        record |= (spans[0] if spans else {}) | fields | {"msg": message}
        self.lines.append((at, len(self.lines), _json(record)))

    def span(self, request, status=None):
        return {"req": {"id": request.id, "method": request.method, "url": request.uri}}

    def fail(self, request, at, failure):
        err = {
            "type": "AppError",
            "message": failure.message,
            "stack": failure.extra.get("stack", f"AppError: {failure.message}"),
            "status": failure.status,
            "code": failure.code,
            "name": "AppError",
        }
        self.write(
            at, "ERROR", "", "request failed", {"error_code": failure.code, "err": err}, [self.span(request)]
        )

    def end(self, request, at, status, latency):
        fields = {"res": {"statusCode": status}, "responseTime": latency}
        if status >= 500:
            fields["err"] = {
                "type": "Error",
                "message": f"failed with status code {status}",
                "stack": f"Error: failed with status code {status}\n    at onResFinished (/app/node_modules/pino-http/logger.js:115:39)",
            }
            self.write(at, "ERROR", "", "request errored", fields, [self.span(request)])
        else:
            self.write(at, "INFO", "", "request completed", fields, [self.span(request)])


def seats(it: History) -> list[Scenario]:
    """One."""
    log = Pino(5101)
    deploy = moment("2026-06-25T12:00:20Z")
    taken = Failure(
        409,
        "SEAT4091",
        "seat is taken",
        ms=(2, 9),
        extra={
            "stack": "AppError: seat is taken\n    at taken (/app/dist/errors.js:11:29)\n    at holdSeat (/app/dist/services/holds.js:28:15)"
        },
    )
    unsigned = Failure(401, "AUTH4001", "sign in first", ms=(0, 1))
    holds = "holds are unavailable"
    trace = 'AppError: holds are unavailable\n    at {place} (/app/dist/services/{file}.js:{line}:15)\n    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)\n    at async file:///app/dist/routes/{file}.js:9:31\ncaused by: MaxRetriesPerRequestError: Reached the max retries per request limit (which is 2). Refer to "maxRetriesPerRequest" option for details.\n    at Redis.flushQueue (/app/node_modules/ioredis/built/Redis.js:370:26)\n    at Socket.<anonymous> (/app/node_modules/ioredis/built/redis/event_handler.js:203:18)'
    table = [
        Route("GET", "/api/seats?floor=2", 22, ms=(4, 30), tag="seats"),
        Route("GET", "/api/seats", 14, ms=(5, 40), tag="seats"),
        Route(
            "POST",
            "/api/holds",
            10,
            (("INFO", "", "seat held", {"userId": "{member}", "seatId": "{id}", "seconds": 180}, None),),
            (3, 15),
            status=201,
            tag="hold",
            noise=((0.12, taken), (0.02, unsigned)),
        ),
        Route("DELETE", "/api/holds/{id}", 2, ms=(3, 10), status=204),
        Route(
            "POST",
            "/api/reservations",
            7,
            (
                (
                    "INFO",
                    "",
                    "seat reserved",
                    {"userId": "{member}", "seatId": "{id}", "reservationId": "{tin}"},
                    None,
                ),
            ),
            (12, 60),
            status=201,
            tag="reserve",
        ),
        Route("GET", "/api/reservations", 9, ms=(4, 25), noise=((0.03, unsigned),)),
        Route("GET", "/api/stats/today", 2, ms=(10, 90)),
        Route("GET", "/healthz", 12, ms=(0, 1)),
    ]
    connection = {"err": {"message": "connect ECONNREFUSED 127.0.0.1:6379"}}

    def fault(at, route, rng):
        if at < deploy:
            return None
        if route.tag == "seats":
            unknown = {
                "err": {
                    "message": 'Reached the max retries per request limit (which is 2). Refer to "maxRetriesPerRequest" option for details.'
                }
            }
            return Failure(200, before=(("WARN", "", "holds unknown", unknown, None),), ms=(90, 320))
        if route.tag in {"hold", "reserve"}:
            place, file, line = (
                ("holdSeat", "holds", 24) if route.tag == "hold" else ("reserve", "reservations", 11)
            )
            stack = trace.replace("{place}", place).replace("{file}", file).replace("{line}", str(line))
            return Failure(
                503,
                "EXT5020",
                holds,
                (("WARN", "", "cache connection", connection, None),) if rng.random() < 0.6 else (),
                (90, 330),
                extra={"stack": stack},
            )
        return None

    log.write(moment("2026-06-25T07:30:00Z"), "INFO", "", "seats listening", {"port": 4000}, [])
    log.traffic(table, "2026-06-25T07:30:10Z", "2026-06-25T12:00:00Z", 1.1)
    log.write(moment("2026-06-25T12:00:11Z"), "INFO", "", "seats listening", {"port": 4000}, [])
    log.traffic(table, "2026-06-25T12:00:20Z", "2026-06-25T14:40:00Z", 2.0, fault)
    return [
        Scenario(
            "typescript-compose-renamed",
            "Holds fail with refused connections: the deployment names the setting anew, the code does not; looks like Redis is down",
            "../_bases/seats.fi",
            it.shas["env_head"],
            {"seats.log": log.text()},
            ".",
            "EXT5020",
            files=["docker-compose.yml", "src/config.ts"],
            functions=["loadConfig"],
            commit=it.shas["compose_neutral"],
            keywords=[["REDIS_URL"], ["CACHE_URL"]],
        )
    ]
