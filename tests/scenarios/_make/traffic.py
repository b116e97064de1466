"""A server's day as its logger writes it: requests that go well, noise, and a fault from some moment on."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

Record = tuple[str, str, str, dict, dict | None]  # level, target, message, fields, inner span

AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)",
    "Mozilla/5.0 (Linux; Android 15)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)",
    "okhttp/4.12.0",
)
NICKNAMES = (
    "하늘다람쥐",
    "민수",
    "jiwoo",
    "코딩하는 곰",
    "김하나",
    "dev_kim",
    "봄날의 햇살",
    "리드미",
    "O'Brien",
    "도현🐥",
)
EMAILS = (
    "haneul@example.com",
    "minsu.kim@example.com",
    "jw@example.org",
    "bear.codes@example.com",
    "hana@example.net",
)


def moment(text: str) -> float:
    """`2026-04-08T09:15:00Z` as seconds."""
    return datetime.fromisoformat(text).timestamp()


@dataclass(frozen=True)
class Failure:
    """How a request goes wrong: what is logged before, its code and text, and the answer."""

    status: int
    code: str = ""
    message: str = ""
    before: tuple[Record, ...] = ()
    ms: tuple[int, int] | None = None
    raw: str = ""  # text that is no record, such as a panic; nothing more is logged for the request
    target: str = ""
    extra: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One route: `{id}` and the like are filled in."""

    method: str
    uri: str
    weight: int
    records: tuple[Record, ...] = ()
    ms: tuple[int, int] = (8, 90)
    noise: tuple[tuple[float, Failure], ...] = ()
    status: int = 200
    tag: str = ""


@dataclass
class Request:
    """One request under way."""

    route: Route
    at: float
    ms: int
    method: str
    uri: str
    id: str
    agent: str
    values: dict


def _fill(value: object, values: dict) -> object:
    if isinstance(value, str) and "{" in value:
        if (whole := re.fullmatch(r"\{(\w+)\}", value)) and whole[1] in values:
            return values[whole[1]]
        return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), value)
    return value


@dataclass
class Log:
    """Lines by time."""

    seed: int
    lines: list[tuple[float, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Randomness of its own."""
        self.rng = random.Random(self.seed)

    def raw(self, at: float, text: str) -> None:
        """Text that no logger wrote."""
        self.lines.append((at, len(self.lines), text))

    def write(
        self, at: float, level: str, target: str, message: str, fields: dict, spans: list[dict]
    ) -> None:
        """One record; how it looks is the logger's affair."""
        raise NotImplementedError

    def text(self) -> str:
        """The file."""
        return "".join(line + "\n" for _, _, line in sorted(self.lines, key=lambda line: line[:2]))

    # -- how a service of this kind logs a request
    def begin(self, request: Request) -> None:
        """The first record of a request."""

    def fail(self, request: Request, at: float, failure: Failure) -> None:
        """The central error handler's record."""

    def end(self, request: Request, at: float, status: int, latency: int) -> None:
        """The last records of a request."""

    def span(self, request: Request, status: int | None = None) -> dict:
        """The request's span, or the fields bound to it."""
        return {"method": request.method, "request_id": request.id, "uri": request.uri}

    def uuid(self) -> str:
        """A request's id."""
        raw = f"{self.rng.getrandbits(128):032x}"
        return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"

    def values(self) -> dict:
        """What routes and messages fill in."""
        rng = self.rng
        return {
            "id": rng.randint(3, 480),
            "room": rng.randint(2, 140),
            "order": rng.randint(1, 5),
            "member": rng.randint(11, 2400),
            "rows": rng.randint(0, 20),
            "count": rng.randint(2, 24),
            "nick": rng.choice(NICKNAMES),
            "email": rng.choice(EMAILS),
            "tin": rng.randint(700, 2900),
            "tout": rng.randint(90, 1400),
            "size": rng.randint(20_000, 900_000),
            "price": rng.randint(3, 180) * 500,
            "hex": f"{rng.getrandbits(40):010x}",
            "page": rng.randint(1, 4),
        }

    def request(self, at: float, route: Route, failure: Failure | None, values: dict | None = None) -> None:
        """Everything one request logs."""
        values = self.values() | (values or {})
        rng = self.rng
        low, high = failure.ms if failure and failure.ms else route.ms
        ms = int(low + (high - low) * rng.random() ** 2)
        request = Request(
            route,
            at,
            ms,
            route.method,
            str(_fill(route.uri, values)),
            self.uuid(),
            rng.choice(AGENTS),
            values,
        )
        self.begin(request)
        records = failure.before if failure else route.records
        step = ms / 1000 / (len(records) + 2)
        for number, (level, target, message, fields, inner) in enumerate(records, 1):
            late = 1 if level == "ERROR" else 0
            spans = [self.span(request)] + (
                [{k: _fill(v, values) for k, v in inner.items()}] if inner else []
            )
            self.write(
                at + (ms / 1000 * 0.97 if late else step * number),
                level,
                target,
                str(_fill(message, values)),
                {k: _fill(v, values) for k, v in fields.items()},
                spans,
            )
        done = at + ms / 1000
        if failure and failure.raw:
            self.raw(at + ms / 1000 * 0.9, failure.raw)
            return
        if failure and failure.code:
            filled = Failure(
                failure.status,
                failure.code,
                str(_fill(failure.message, values)),
                target=failure.target,
                extra={k: _fill(v, values) for k, v in failure.extra.items()},
            )
            self.fail(request, done, filled)
        self.end(request, done + 0.0004, failure.status if failure else route.status, ms)

    def traffic(
        self,
        routes: list[Route],
        start: str,
        end: str,
        per_minute: float,
        fault: Callable[[float, Route, random.Random], Failure | None] = lambda *_: None,
    ) -> None:
        """Requests at random from start to end; `fault` says which go wrong, and how."""
        at, last = moment(start), moment(end)
        weights = [route.weight for route in routes]
        while True:
            at += self.rng.expovariate(per_minute / 60)
            if at >= last:
                return
            route = self.rng.choices(routes, weights)[0]
            failure = fault(at, route, self.rng)
            if failure is None:
                for chance, noise in route.noise:
                    if self.rng.random() < chance:
                        failure = noise
                        break
            self.request(at, route, failure)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _utc(at: float, digits: int = 6) -> str:
    text = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text[: 20 + digits] + "Z"


@dataclass
class Tracing(Log):
    """tracing-subscriber's JSON: nested as the service has it, flattened, or with the span list."""

    shape: str = "nested"
    crate: str = "server"
    middleware: str = "server::global::middleware"
    handler: str = "server::utils::error"
    with_agent: bool = True
    with_status: bool = True

    def write(self, at, level, target, message, fields, spans):
        """One record."""
        said = ({"message": message} if message else {}) | fields
        record: dict = {"timestamp": _utc(at), "level": level}
        if self.shape == "flat":
            record |= said
        else:
            record["fields"] = said
        record["target"] = target
        if spans:
            record["span"] = spans[-1]
        if spans and self.shape == "spans":
            record["spans"] = spans
        self.lines.append((at, len(self.lines), _json(record)))

    def span(self, request, status=None):
        """`request{method, request_id, status?, uri}`; the formatter sorts and puts the name last."""
        known = {"method": request.method, "request_id": request.id}
        if status is not None:
            known["status"] = status
        return known | {"uri": request.uri, "name": "request"}

    def begin(self, request):
        if self.with_agent:
            self.write(
                request.at,
                "DEBUG",
                self.middleware,
                "started processing request",
                {"user_agent": request.agent},
                [self.span(request)],
            )

    def fail(self, request, at, failure):
        fields = (
            {"error_code": failure.code}
            | ({"status": failure.status} if self.with_status else {})
            | failure.extra
        )
        self.write(
            at,
            "ERROR",
            failure.target or self.handler,
            f"Error: {failure.message}",
            fields,
            [self.span(request)],
        )

    def end(self, request, at, status, latency):
        span = [self.span(request, status)]
        if latency > 5000:
            self.write(at, "WARN", self.middleware, "slow request", {"duration_ms": latency}, span)
        fields = {"status": status, "duration_ms": latency}
        self.write(at + 0.0001, "INFO", self.middleware, "request completed", fields, span)
        if status >= 500:
            words = {
                500: "Internal Server Error",
                502: "Bad Gateway",
                503: "Service Unavailable",
                504: "Gateway Timeout",
            }
            failed = {"classification": f"Status code: {status} {words[status]}", "latency": f"{latency} ms"}
            self.write(at + 0.0002, "ERROR", "tower_http::trace::on_failure", "response failed", failed, span)

    def startup(self, at: str, *records: tuple[str, str, str, dict]) -> None:
        """The lines of a start: level, target, message, fields."""
        when = moment(at)
        for level, target, message, fields in records:
            when += 0.05 + self.rng.random() * 0.6
            self.write(when, level, target, message, fields, [])
