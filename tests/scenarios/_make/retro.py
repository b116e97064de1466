"""The retrospective service below codes/server: six scenarios."""

from history import Author, History

JIWOO = Author("박지우", "jiwoo.park@example.com")
MINSU = Author("kim-minsu", "minsu@example.com")
HANA = Author("Hana Lee", "hana.lee@example.com")
DOHYUN = Author("정도현", "dohyun@example.com")

S = "codes/server/"
D = S + "src/domain/"


def history(tree: dict[str, list[str]]) -> History:
    """February to October 2026."""
    it = History(tree)
    c = it.commit
    c(
        "2026-02-02 10:12",
        MINSU,
        "chore: 프로젝트 초기 설정",
        add=f"README.md .gitignore {S}Cargo.toml {S}Dockerfile",
    )
    c(
        "2026-02-03 14:40",
        MINSU,
        "feat: axum 서버와 로깅 설정",
        add=f"{S}src/main.rs {S}src/state.rs {S}src/global/mod.rs {S}src/global/logging.rs {S}src/global/middleware.rs {S}src/global/cors.rs",
    )
    c(
        "2026-02-03 18:02",
        MINSU,
        "feat: 설정과 DB 연결",
        add=f"{S}src/config/* {S}.env.example docker-compose.yml",
    )
    c(
        "2026-02-04 11:25",
        JIWOO,
        "feat: 공통 응답과 AppError",
        add=f"{S}src/utils/mod.rs {S}src/utils/error.rs {S}src/utils/response.rs {S}src/utils/time.rs {S}src/domain/health.rs {S}src/domain/mod.rs",
    )
    c(
        "2026-02-05 16:31",
        JIWOO,
        "feat: 엔티티와 초기 스키마",
        add=f"{S}migrations/0001_init.sql {S}src/entity/mod.rs {S}src/entity/answer.rs {S}src/entity/member.rs {S}src/entity/retro_room.rs {S}src/entity/room_member.rs {S}src/entity/retrospect.rs",
    )
    c(
        "2026-02-09 09:57",
        HANA,
        "feat(auth): 구글 로그인과 JWT 발급",
        add=f"{D}auth/* {S}src/utils/jwt.rs {S}src/utils/auth.rs {S}src/utils/cookie.rs {S}src/entity/refresh_token.rs {S}migrations/0002_refresh_token.sql",
    )
    c("2026-02-10 13:20", HANA, "feat(member): 내 정보 조회, 닉네임 변경, 탈퇴", add=f"{D}member/*")
    c("2026-02-12 17:45", JIWOO, "feat(room): 회고 방 생성과 초대 코드", add=f"{D}room/*")
    c(
        "2026-02-13 15:05",
        JIWOO,
        "feat(retrospect): 회고 생성, 답변 저장과 제출",
        add=f"{D}retrospect/* {S}src/utils/pagination.rs",
    )
    c("2026-02-16 10:30", MINSU, "docs: API 문서 초안", add="docs/api.md")
    c("2026-02-16 11:02", MINSU, "ci: GitHub Actions", on="ci", add=".github/workflows/ci.yml")
    c("2026-02-19 14:11", HANA, "fix(member): 공백 닉네임 저장되는 문제", on="nickname_trim")
    c("2026-02-20 09:41", DOHYUN, "chore: user-agent 로그 추가", on="log_ua")
    c(
        "2026-02-24 19:22",
        DOHYUN,
        "feat(ai): 회고 종합 분석",
        on="ai",
        add=f"{D}ai/* {S}src/entity/ai_report.rs {S}migrations/0003_ai_report.sql",
        branch="feat/ai",
    )
    c("2026-02-25 10:08", MINSU, "ci: cargo 캐시", on="ci_cache")
    c("2026-02-26 11:15", DOHYUN, "Merge pull request #14 from feat/ai", merge="feat/ai")
    c("2026-03-03 10:47", JIWOO, "fix(room): 초대 코드 소문자로 입력해도 참여 가능", on="join_upper")
    c(
        "2026-03-05 15:32",
        DOHYUN,
        "feat(notification): 회고 생성 시 디스코드 알림",
        on="discord",
        add=f"{D}notification/*",
    )
    c("2026-03-10 13:18", MINSU, "chore: graceful shutdown", on="graceful", add=f"{S}src/global/shutdown.rs")
    c("2026-03-12 17:03", MINSU, "perf: 유휴 커넥션 정리", on="db_idle")
    c("2026-03-17 20:14", DOHYUN, "perf(ai): 프롬프트에 넣는 답변 길이 제한", on="prompt_limit")
    # ---- the first fault: one client for all replaces the AI client's own
    c(
        "2026-03-23 18:49",
        HANA,
        "refactor: reqwest 클라이언트를 AppState에서 하나만 만들어 쓰도록 정리",
        on="shared_http",
        add=f"{S}src/global/http.rs",
        label="shared_http",
        branch="refactor/http",
    )
    c("2026-03-24 10:02", JIWOO, "chore: release 프로파일에 줄 번호 포함", on="release_profile")
    c(
        "2026-03-24 16:20",
        HANA,
        "Merge pull request #23 from refactor/http\n\nrefactor: http 클라이언트 정리",
        merge="refactor/http",
    )
    c("2026-03-27 11:36", MINSU, "perf: http 커넥션 재사용 설정", on="http_pool")
    c("2026-03-31 14:28", HANA, "chore: 외부 호출에 User-Agent 지정", on="http_ua")
    c("2026-04-02 09:55", JIWOO, "chore(deps): sea-orm 1.1", on="deps_bump")
    c("2026-04-06 21:10", DOHYUN, "feat(ai): 모델을 설정으로 분리하고 sonnet으로 교체", on="model_setting")
    c(
        "2026-04-07 13:44",
        DOHYUN,
        "feat(ai): 분석 결과를 더 자세하게",
        on="long_analysis",
        label="ai_timeout_head",
    )
    c("2026-04-08 20:31", DOHYUN, "fix(ai): 긴 분석이 중간에 끊기는 문제", on="http_slow")
    # ----
    c("2026-04-14 10:22", MINSU, "chore: rust 1.83", on="rust_bump")
    c("2026-04-21 15:51", JIWOO, "feat(ai): 방 전체 인사이트", on="insight")
    # ---- the second: the cookie's path
    c(
        "2026-05-06 22:05",
        HANA,
        "feat(auth): 카카오 로그인",
        on="kakao",
        branch="feat/kakao",
        label="kakao",
        authored="2026-05-04 23:40",
    )
    c("2026-05-07 09:30", MINSU, "refactor: 에러 로그에 status 추가", on="error_detail")
    c("2026-05-11 11:12", HANA, "Merge pull request #37 from feat/kakao", merge="feat/kakao")
    c("2026-05-14 18:20", HANA, "chore: 로컬에서 http로도 로그인되도록 설정 추가", on="secure_cookie")
    c("2026-05-18 14:09", HANA, "chore(auth): 재발급 로그", on="refresh_log")
    c("2026-05-18 15:30", DOHYUN, "perf(ai): 인사이트에 쓰는 회고 수 조정", on="insight_limit")
    c("2026-05-18 17:46", JIWOO, "refactor(room): 초대 코드 길이 상수화", on="code_len")
    c("2026-05-19 09:58", MINSU, "chore: compose 재시작 정책", on="compose_restart", label="cookie_head")
    c("2026-05-21 10:15", HANA, "fix(auth): 로그인이 자주 풀리는 문제", on="cookie_root")
    # ---- the third: seconds read as milliseconds
    c(
        "2026-06-09 16:37",
        MINSU,
        "refactor(config): 시간 설정 타입 통일",
        on="ttl_duration",
        label="ttl_duration",
    )
    c("2026-06-10 09:48", DOHYUN, "docs: 온보딩 문서", on="o1 o2", add="docs/onboarding.md")
    c("2026-06-11 13:50", HANA, "fix(auth): 서버 간 시계 차이 허용", on="leeway")
    c("2026-06-15 11:30", JIWOO, "docs: 리뷰 규칙", on="o3")
    c("2026-06-16 14:47", HANA, "style(auth): 정리", on="auth_style")
    c("2026-06-18 10:26", MINSU, "docs: 배포 요일", on="o4", label="jwt_head")
    c("2026-06-19 23:58", MINSU, "hotfix: 로그인 유지 시간", on="ttl_fixed")
    # ---- the fourth: a column may be NULL
    c(
        "2026-07-02 19:26",
        JIWOO,
        "feat(retrospect): 상시 회고\n\n기간 없이 언제나 쓸 수 있는 회고를 만들 수 있습니다.",
        on="always_open",
        add=f"{S}migrations/0004_always_open.sql",
        label="always_open",
    )
    c("2026-07-06 10:19", MINSU, "docs: 로그 위치", on="o5")
    c("2026-07-08 10:44", DOHYUN, "feat(retrospect): 목록에 종료 여부 표시", on="summary_closed")
    c("2026-07-09 17:02", HANA, "refactor(auth): 카카오 클라이언트 상수화", on="kakao_urls")
    c("2026-07-13 09:12", DOHYUN, "docs: 장애 대응", on="o6", label="panic_head")
    c("2026-07-16 09:33", JIWOO, "fix(retrospect): 상시 회고가 있는 방의 목록 조회", on="always_open_fixed")
    # ---- the fifth: a setting renamed in the code alone
    c(
        "2026-08-11 17:29",
        DOHYUN,
        "refactor(ai): 특정 공급자 이름을 코드에서 제거",
        on="provider_neutral",
        label="provider_neutral",
    )
    c("2026-08-12 10:20", JIWOO, "docs: 오타 수정", on="doc_typo")
    c("2026-08-18 14:05", HANA, "feat(member): 탈퇴 사유 기록", on="withdraw_reason")
    c("2026-08-20 11:48", MINSU, "chore: 느린 요청 기준을 설정값으로", on="slow_setting")
    c("2026-08-24 16:02", DOHYUN, "feat(ai): 응답에 쓰인 모델 기록", on="log_model", label="env_head")
    c("2026-08-25 22:40", DOHYUN, "fix(ai): 배포 환경에서 분석이 실패하는 문제", off="provider_neutral")
    # ---- nothing at fault here
    c("2026-09-03 10:10", JIWOO, "refactor(room): 멤버 조회를 조인 하나로", on="member_join")
    c("2026-09-10 15:25", HANA, "feat(room): 방 이름 변경", on="room_rename")
    c(
        "2026-09-15 18:31",
        DOHYUN,
        "refactor(ai): 오류 응답 처리를 함수로 분리",
        on="ai_failure_fn",
        label="key_head",
    )
    c("2026-09-22 13:13", MINSU, "chore: docker compose 로그 회전", on="compose_logging")
    return it
