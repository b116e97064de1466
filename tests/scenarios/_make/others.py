"""Histories of the services that are not in Rust: briefing (Python), files (Go), seats (TypeScript)."""

from history import Author, History

EUNJI = Author("Eunji Han", "eunji@example.com")
SAM = Author("sam", "sam.oh@example.com")
JUNHO = Author("최준호", "junho@example.com")
MINA = Author("Mina Seo", "mina@example.com")
RENOVATE = Author("renovate[bot]", "renovate@example.com")


def briefing(tree: dict[str, list[str]]) -> History:
    """Three scenarios."""
    it = History(tree)
    c = it.commit
    b = "backend/briefing/"
    c(
        "2026-03-02 10:10",
        EUNJI,
        "chore: start",
        add="README.md .gitignore backend/pyproject.toml backend/.env.example",
    )
    c(
        "2026-03-03 11:24",
        EUNJI,
        "feat: app, settings, logging",
        add=f"{b}__init__.py {b}main.py {b}logs.py {b}settings.py {b}middleware.py {b}errors.py",
    )
    c("2026-03-04 16:02", SAM, "feat: models", add=f"{b}db.py {b}models.py")
    c(
        "2026-03-06 15:37",
        SAM,
        "feat: collect articles",
        add=f"{b}api/__init__.py {b}api/articles.py {b}services/__init__.py {b}services/collector.py",
    )
    c(
        "2026-03-10 13:48",
        JUNHO,
        "feat: readers and preferences",
        add=f"{b}api/readers.py {b}services/readers.py",
    )
    c(
        "2026-03-13 18:20",
        EUNJI,
        "feat: compose briefings",
        add=f"{b}llm/* {b}services/composer.py {b}api/briefings.py",
    )
    c("2026-03-16 10:31", EUNJI, "test: replies", add="backend/tests/test_replies.py")
    c("2026-03-17 14:15", JUNHO, "ops: compose and nginx", add="deploy/*")
    c("2026-03-19 17:30", SAM, "feat: nightly worker", add=f"{b}worker.py", on="readme_worker")
    c("2026-03-23 11:11", EUNJI, "docs: decisions", add="docs/decisions.md", on="d1")
    c("2026-03-26 16:45", SAM, "feat: exports", add=f"{b}api/exports.py {b}services/archive.py")
    c("2026-03-30 10:02", JUNHO, "fix: stale connections after postgres restarts", on="pre_ping")
    c("2026-04-01 13:26", EUNJI, "chore: warn about slow requests", on="slow_warning")
    c("2026-04-03 09:40", SAM, "docs: one a day", on="d2")
    c("2026-04-07 15:10", JUNHO, "ops: proxy_read_timeout", on="nginx_timeout")
    c("2026-04-09 11:52", SAM, "fix(worker): don't hammer the API", on="worker_pause")
    c(
        "2026-04-14 17:33",
        EUNJI,
        "refactor: pydantic for settings and what the model sends",
        on="pydantic_settings pydantic_reply",
        label="pydantic_reply",
    )
    c("2026-04-15 10:20", JUNHO, "chore: ruff", on="ruff")
    c("2026-04-16 14:40", SAM, "feat(llm): log token usage", on="usage_log")
    c("2026-04-20 09:55", EUNJI, "docs: retention", on="d3")
    c("2026-04-21 16:08", EUNJI, "fix(llm): whitespace", on="reply_strip")
    c("2026-04-23 13:13", SAM, "feat(llm): emphasis in points", on="prompt_markdown")
    c(
        "2026-04-24 10:47",
        EUNJI,
        "chore(llm): log how long a bad answer was",
        on="reply_length",
        label="parse_head",
    )
    c("2026-04-27 11:36", EUNJI, "fix(llm): read the object out of whatever surrounds it", on="fence_back")
    c("2026-05-06 15:28", JUNHO, "docs: privacy", on="d4")
    c("2026-05-12 14:21", SAM, "fix(readers): blanks in topics", on="topics_prop", label="topics_prop")
    c("2026-05-13 10:30", EUNJI, "docs: worker", on="d5")
    c("2026-05-19 17:02", SAM, "feat(readers): topics in the profile", on="profile_topics")
    c("2026-05-21 11:45", JUNHO, "chore(llm): explicit retries", on="llm_retries", label="none_head")
    c("2026-05-22 16:50", SAM, "fix: briefings for new readers", on="none_back")
    c("2026-06-02 13:37", EUNJI, "docs: languages", on="d6", label="disk_head")
    return it


def files(tree: dict[str, list[str]]) -> History:
    """One scenario."""
    it = History(tree)
    c = it.commit
    c("2026-01-05 10:00", MINA, "init", add="README.md go.mod .env.example internal/config/config.go")
    c("2026-01-07 15:20", MINA, "storage on disk", add="internal/storage/*")
    c(
        "2026-01-08 11:41",
        MINA,
        "index of files",
        add="internal/meta/index.go migrations/001_files.sql internal/apperr/apperr.go",
    )
    c(
        "2026-01-12 17:06",
        SAM,
        "http api",
        add="internal/api/router.go internal/api/middleware.go internal/api/errors.go internal/api/files.go cmd/filebox/main.go",
    )
    c("2026-01-15 14:30", JUNHO, "systemd unit", add="deploy/filebox.service")
    c("2026-01-20 10:10", SAM, "ping the database at start", on="ping")
    c("2026-01-22 16:35", MINA, "changelog", add="CHANGELOG.md", on="v1")
    c("2026-01-27 13:15", JUNHO, "harden the unit", on="unit_harden")
    c("2026-01-28 09:20", MINA, "0.2.1", on="v2")
    c("2026-02-03 18:44", SAM, "fsync uploads", on="fsync")
    c("2026-02-05 10:22", JUNHO, "readme: an example", on="readme_curl")
    c("2026-02-06 13:48", SAM, "close idle connections", on="idle")
    c("2026-02-10 11:08", MINA, "folders", on="folders", add="internal/api/folders.go")
    c("2026-02-11 09:30", MINA, "0.3.0", on="v3")
    c("2026-02-12 16:05", RENOVATE, "fix(deps): pgx 5.7.2", on="pgx_bump")
    c("2026-02-13 11:40", JUNHO, "comment the schema", on="sql_comment")
    c(
        "2026-02-17 15:52",
        SAM,
        "config: struct tags instead of hand-written parsing",
        on="envparse",
        label="envparse",
    )
    c("2026-02-19 10:25", JUNHO, "docs: chart", on="helm_note")
    c("2026-02-24 14:18", MINA, "thumbnails", on="thumbs", add="internal/api/thumbnail.go")
    c("2026-02-25 09:31", MINA, "0.3.1", on="v4")
    c("2026-02-26 16:40", SAM, "log request sizes", on="log_bytes")
    c("2026-02-27 14:09", MINA, "a hundred a page", on="page_100")
    c("2026-03-02 10:51", SAM, "uploads without a type", on="upload_type")
    c("2026-03-03 13:05", JUNHO, "go 1.23", on="go_bump")
    c("2026-03-03 16:20", RENOVATE, "fix(deps): chi 5.2", on="chi_bump")
    c("2026-03-05 09:44", JUNHO, "unit: more open files", on="unit_limits")
    c("2026-03-06 10:12", MINA, "0.3.2", on="v5")
    c("2026-03-10 17:27", SAM, "names survive the download", on="disposition", add="internal/api/escape.go")
    c("2026-03-11 09:30", MINA, "0.4.0", on="v6", label="limit_head")
    c("2026-03-12 11:19", SAM, "uploads of scanned documents work again", on="limit_back")
    c("2026-03-17 14:00", JUNHO, "signing key for links", on="signing")
    c("2026-03-18 09:30", MINA, "0.4.1", on="v7")
    return it


def seats(tree: dict[str, list[str]]) -> History:
    """One scenario."""
    it = History(tree)
    c = it.commit
    c("2026-05-04 10:20", JUNHO, "init", add="README.md .gitignore package.json tsconfig.json .env.example")
    c(
        "2026-05-06 15:34",
        JUNHO,
        "feat: server, config, logger",
        add="src/server.ts src/config.ts src/logger.ts src/app.ts src/errors.ts",
    )
    c(
        "2026-05-08 11:02",
        MINA,
        "feat: seats",
        add="src/db.ts src/services/seats.ts src/routes/seats.ts migrations/001_seats.sql",
    )
    c(
        "2026-05-12 16:47",
        MINA,
        "feat: holds",
        add="src/cache.ts src/services/holds.ts src/routes/holds.ts src/session.ts",
    )
    c(
        "2026-05-15 14:29",
        JUNHO,
        "feat: reservations",
        add="src/services/reservations.ts src/routes/reservations.ts",
    )
    c("2026-05-18 09:43", JUNHO, "chore: docker", add="Dockerfile docker-compose.yml")
    c("2026-05-19 13:00", EUNJI, "test: session", add="test/session.test.ts")
    c("2026-05-21 10:36", JUNHO, "docs: 운영 노트", add="docs/notes.md", on="n1")
    c("2026-05-26 17:11", MINA, "chore: hide tokens in logs", on="redact")
    c("2026-05-28 11:50", EUNJI, "chore: noUncheckedIndexedAccess", on="strict")
    c("2026-05-29 10:12", RENOVATE, "chore(deps): zod 3.24", on="zod_bump")
    c("2026-06-01 16:41", MINA, "feat: seats come with their zone", on="zones", add="migrations/002_zone.sql")
    c("2026-06-02 15:05", JUNHO, "docs: 홀드 시간", on="n2")
    c("2026-06-04 14:22", MINA, "feat: statistics of the day", on="stats", add="src/routes/stats.ts")
    c("2026-06-05 10:00", JUNHO, "docs: 통계", on="n3")
    c("2026-06-09 16:38", MINA, "perf: don't wait for postgres for ever", on="pg_timeout")
    c(
        "2026-06-11 10:27",
        EUNJI,
        "chore(docker): Redis를 Valkey로 교체",
        on="valkey compose_neutral",
        label="compose_neutral",
    )
    c("2026-06-15 13:33", JUNHO, "chore: healthcheck", on="compose_health")
    c("2026-06-15 17:20", MINA, "fix: longest reservation is 10 hours", on="hours_10")
    c("2026-06-16 09:30", RENOVATE, "chore(deps): ioredis 5.4.2", on="ioredis_bump")
    c("2026-06-16 11:15", MINA, "test: no connection on import", on="cache_lazy")
    c("2026-06-18 15:48", RENOVATE, "chore(deps): node 22", on="node22")
    c("2026-06-19 10:57", EUNJI, "chore: lint", on="lint_config")
    c("2026-06-19 16:14", MINA, "feat: cancel a hold from anywhere", on="release_log")
    c("2026-06-22 10:40", JUNHO, "docs: 관리자 화면", on="n4")
    c("2026-06-23 14:57", EUNJI, "refactor: config loader", on="config_loader")
    c("2026-06-25 11:31", MINA, "chore: log holds", on="hold_log", label="env_head")
    c("2026-06-26 09:22", EUNJI, "fix: 배포 환경 설정", off="compose_neutral")
    c("2026-07-01 10:05", JUNHO, "docs: 좌석 배치", on="n5")
    c("2026-07-02 13:30", MINA, "chore: 2.2.0", on="v220")
    return it
