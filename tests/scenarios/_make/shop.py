"""The shop at the repository's root: nine scenarios."""

from history import Author, History

SOYEON = Author("Soyeon Kim", "soyeon@example.com")
TAEHO = Author("taeho", "taeho.choi@example.com")
ALEX = Author("Alex Park", "alex@example.com")
YUNA = Author("윤아", "yuna@example.com")
BOT = Author("dependabot[bot]", "dependabot@example.com")


def history(tree: dict[str, list[str]]) -> History:
    """September 2025 to November 2026."""
    it = History(tree)
    c = it.commit
    base = "README.md .gitignore .env.example Cargo.toml rustfmt.toml src/main.rs src/lib.rs src/config.rs src/db.rs"
    c("2025-09-01 11:00", ALEX, "Initial commit", add=base)
    c(
        "2025-09-02 15:12",
        ALEX,
        "feat: app skeleton and error type",
        add="src/app.rs src/error.rs src/extract.rs src/routes/mod.rs src/routes/dto.rs",
    )
    c(
        "2025-09-04 10:40",
        SOYEON,
        "feat: schema and entities",
        add="migrations/20250901000000_init.sql src/entities/mod.rs src/entities/order.rs src/entities/order_item.rs src/entities/product.rs src/entities/user.rs src/clock.rs",
    )
    c(
        "2025-09-08 17:25",
        SOYEON,
        "feat: product list and detail",
        add="src/pagination.rs src/repositories/mod.rs src/repositories/product.rs src/routes/products.rs",
    )
    c(
        "2025-09-11 18:03",
        TAEHO,
        "feat: place orders",
        add="src/auth.rs src/validation.rs src/repositories/order.rs src/repositories/inventory.rs src/services/mod.rs src/services/order.rs src/routes/orders.rs",
    )
    c(
        "2025-09-16 14:31",
        TAEHO,
        "feat: payment confirmation",
        add="src/clients/mod.rs src/clients/pg.rs src/services/payment.rs",
    )
    c("2025-09-18 09:20", ALEX, "test: quantities and phones", add="tests/orders.rs")
    c("2025-09-22 16:44", ALEX, "ops: docker compose", add="deploy/docker-compose.yml")
    c(
        "2025-10-13 13:30",
        SOYEON,
        "feat(coupon): issue and use coupons",
        on="coupons",
        add="migrations/20251013000000_coupons.sql src/entities/coupon.rs src/entities/coupon_issue.rs src/repositories/coupon.rs src/services/coupon.rs src/routes/coupons.rs",
    )
    c("2025-10-20 10:11", TAEHO, "feat: sort products by creation date", on="newest_first")
    c(
        "2025-10-29 19:02",
        TAEHO,
        "fix(order): deadlocks when carts share products",
        on="lock_order",
        label="lock_order",
    )
    c("2025-11-03 15:00", ALEX, "chore: log slow statements", on="slow_statements")
    c("2025-11-18 11:17", YUNA, "feat(delivery): tracking", on="delivery", add="src/clients/delivery.rs")
    c(
        "2025-11-20 20:35",
        SOYEON,
        "feat(sale): 오늘의 특가",
        on="sales tz",
        add="migrations/20251120000000_sales.sql src/entities/daily_sale.rs src/entities/daily_sale_product.rs src/repositories/sale.rs src/services/sale.rs src/routes/sales.rs",
    )
    c("2025-11-26 16:08", YUNA, "fix(delivery): carrier drops connections, try again", on="retry")
    c("2025-12-02 10:30", BOT, "build(deps): bump axum from 0.7 to 0.8", on="axum8")
    c("2025-12-09 14:52", TAEHO, "feat(order): cancel and refund", on="refund")
    c(
        "2026-01-12 13:13",
        YUNA,
        "feat: wishlist",
        on="wishes",
        add="migrations/20260112000000_wishes.sql src/entities/wish.rs src/repositories/wish.rs src/routes/wishes.rs",
    )
    c("2026-01-15 09:58", ALEX, "ops: tune postgres", on="pg_tuning")
    # ---- the pager's guard goes
    c(
        "2026-02-03 17:40",
        SOYEON,
        "feat(api): 목록 응답에 전체 페이지 수 추가",
        on="page_total",
        label="page_total",
    )
    c("2026-02-05 11:02", YUNA, "perf(delivery): tcp keepalive", on="keepalive")
    c("2026-02-06 14:13", TAEHO, "refactor: 정수 오버플로 방지", on="page_mul")
    c("2026-02-06 16:30", SOYEON, "docs: 용어", on="a1 a2", add="docs/domain.md")
    c("2026-02-09 15:45", ALEX, "docs: operations", on="ops_doc")
    c("2026-02-10 10:21", TAEHO, "refactor(config): 기본값을 상수로", on="config_consts")
    c("2026-02-10 11:02", BOT, "build(deps): bump tokio from 1.42 to 1.43", on="dep_tokio")
    c("2026-02-10 13:37", SOYEON, "feat(api): 한 번에 60개까지", on="page_max", label="page_head")
    c("2026-02-11 09:05", SOYEON, "fix: 목록 조회 오류", on="page_fix")
    # ---- the day turns at the wrong hour
    c(
        "2026-03-04 18:33",
        ALEX,
        "refactor: drop chrono-tz, one dependency less to compile",
        on="tz_cleanup",
        label="tz_cleanup",
    )
    c("2026-03-06 13:10", YUNA, "feat(sms): 결제 완료 문자", on="sms", add="src/clients/sms.rs")
    c("2026-03-06 15:22", BOT, "build(deps): bump uuid to 1.12", on="dep_uuid")
    c("2026-03-07 10:09", SOYEON, "docs: 특가 규칙", on="a3 a4")
    c("2026-03-09 16:27", TAEHO, "chore: helper for weekly statistics", on="week_start")
    c("2026-03-09 17:15", TAEHO, "chore: 주석 보강", on="clock_doc")
    c("2026-03-09 18:20", ALEX, "style: 불필요한 함수 호출 제거", on="clock_inline", label="tz_head")
    c("2026-03-12 00:41", SOYEON, "fix(sale): 자정 직후 특가가 보이지 않음", off="tz_cleanup")
    # ---- used coupons are not seen
    c(
        "2026-04-07 14:18",
        SOYEON,
        "feat(coupon): 내 쿠폰함에는 쓸 수 있는 쿠폰만",
        on="coupon_scope",
        label="coupon_scope",
    )
    c("2026-04-08 10:50", ALEX, "chore: log the kind of error", on="error_kind")
    c("2026-04-14 15:12", YUNA, "test: 수량 경계", on="t_quantity")
    c("2026-04-14 17:40", SOYEON, "feat(coupon): 쿠폰함 최대 200장", on="coupon_limit")
    c("2026-04-15 10:31", BOT, "build(deps): bump regex to 1.11", on="dep_regex")
    c("2026-04-16 11:36", TAEHO, "feat(product): 품절 상품 표시", on="sold_out")
    c(
        "2026-04-16 16:05",
        ALEX,
        "style(coupon): 이동 대신 복사하던 값 정리",
        on="coupon_order",
        label="coupon_head",
    )
    c("2026-04-21 09:44", SOYEON, "fix(coupon): 이미 쓴 쿠폰 재발급 요청 처리", on="coupon_scope_fix")
    # ---- numbers without hyphens
    c("2026-05-12 17:55", ALEX, "refactor: LazyLock 사용, once_cell 제거", on="lazylock", label="lazylock")
    c("2026-05-14 13:21", YUNA, "chore: clippy", on="clippy_ref")
    c("2026-05-14 17:11", BOT, "build(deps): bump thiserror to 2.0.11", on="dep_thiserror")
    c("2026-05-15 14:02", SOYEON, "fix(order): 붙여 넣은 번호의 앞뒤 공백", on="phone_trim")
    c(
        "2026-05-19 10:34",
        TAEHO,
        "feat(order): 배송 메모",
        on="memo",
        add="migrations/20260519000000_memo.sql",
    )
    c("2026-05-19 13:51", ALEX, "docs: 앱 지원 기간", on="a5 a6", label="phone_head")
    c("2026-05-20 15:47", YUNA, "fix(order): 일부 사용자가 주문하지 못하는 문제", on="phone_digits")
    # ---- the app's requests
    c(
        "2026-06-16 18:22",
        SOYEON,
        "feat(order): 주문 목록에서 다시 담기",
        on="reorder dto_camel",
        label="dto_camel",
    )
    c("2026-06-18 11:09", ALEX, "chore: access log에 사용자 추가", on="log_size")
    c("2026-06-19 10:16", YUNA, "feat(order): 선물 여부", on="line_gift")
    c("2026-06-19 15:40", BOT, "build(deps): bump anyhow to 1.0.95", on="dep_anyhow")
    c("2026-06-22 14:30", TAEHO, "perf: 상품 상세 캐시 헤더", on="cache_header")
    c("2026-06-22 16:12", BOT, "build(deps): bump serde_json to 1.0.138", on="dep_json", label="dto_head")
    c("2026-06-23 19:40", SOYEON, "fix: 앱에서 주문이 되지 않는 문제", on="dto_alias")
    # ---- no second try
    c(
        "2026-07-14 10:02",
        ALEX,
        "chore(deps): RUSTSEC-2025-0012 대응",
        on="no_backoff",
        label="no_backoff",
    )
    c("2026-07-15 16:31", YUNA, "feat(wish): 찜 개수", on="wish_count")
    c("2026-07-16 11:24", YUNA, "chore(delivery): 추적용 span", on="track_span")
    c("2026-07-20 13:45", TAEHO, "chore: 불필요한 로그 정리", on="quiet_log")
    c(
        "2026-07-20 17:02",
        BOT,
        "build(deps): bump async-trait and jsonwebtoken",
        on="dep_trait dep_jwt",
        label="retry_head",
    )
    c("2026-07-23 17:08", YUNA, "fix(delivery): 조회 실패 줄이기", off="no_backoff")
    # ---- a transaction round a remote call
    c(
        "2026-08-18 15:26",
        TAEHO,
        "fix: 간헐적으로 주문 상태가 PENDING으로 남는 경우",
        on="pay_atomic",
        label="pay_atomic",
    )
    c("2026-08-20 10:47", SOYEON, "feat(sale): 특가 상품 재고 예약", on="reservation", label="reservation")
    c("2026-08-21 14:33", YUNA, "fix(payment): 두 번 누르면 두 번 승인되는 문제", on="pay_idem")
    c("2026-08-24 11:05", SOYEON, "docs: 접속이 몰리는 시간", on="a7 a8")
    c("2026-08-25 11:30", ALEX, "chore: healthz에 버전 추가", on="health_version")
    c("2026-08-27 14:05", YUNA, "docs: 환경변수 설명", on="env_doc", label="pool_head")
    c("2026-09-01 21:50", TAEHO, "fix: 특가 시간대에 응답이 느려지는 문제", off="pay_atomic")
    # ---- more is taken back than was meant
    c(
        "2026-09-29 18:12",
        SOYEON,
        'Revert "feat(sale): 특가 상품 재고 예약"\n\nNobody uses it.',
        off="reservation lock_order",
        label="revert",
    )
    c("2026-10-06 13:37", YUNA, "feat(coupon): 만료 임박 표시", on="coupon_expiry")
    c("2026-10-07 15:48", SOYEON, "fix(order): 판매 중지 상품이 주문되는 문제", on="dec_on_sale")
    c("2026-10-13 10:15", ALEX, "build: release 프로필 최적화", on="release_opt")
    c(
        "2026-10-15 16:20",
        TAEHO,
        "feat(order): 주문자 이름 공백 정리",
        on="trim_recipient",
    )
    c("2026-10-20 11:33", YUNA, "docs: 이미지", on="a9", label="revert_head")
    c("2026-11-04 12:00", TAEHO, "fix(order): 동시에 주문하면 실패하는 문제", on="lock_order")
    c("2026-11-06 15:33", YUNA, "feat(product): 카테고리 목록", on="categories", label="refused_head")
    c("2026-11-10 11:11", ALEX, "chore: 1.5.0", on="v15")
    return it
