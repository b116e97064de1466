"""Lines that look like logs, with what has to vanish from each. Secrets are put together at run time, so that no
scanner of repositories takes one for real."""

from typing import NamedTuple


class Leak(NamedTuple):
    line: str
    gone: tuple[str, ...]
    stays: tuple[str, ...] = ()


A = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7d"  # 40 characters, as a machine draws them
HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PARTS = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    "eyJzdWIiOiI0MiIsIm5hbWUiOiJraW0ifQ",
    "c2lnbmF0dXJlLW9mLWl0LTEyMw",
)
JWT = ".".join(PARTS)
PEM_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
BEGIN, END = "-----BEGIN " + "PRIVATE KEY-----", "-----END " + "PRIVATE KEY-----"
RSA = "-----BEGIN RSA " + "PRIVATE KEY-----"

PROVIDERS = [
    "AKIA" + "IOSFODNN7EXAMPL3",
    "ASIA" + "IOSFODNN7EXAMPL3",
    "ghp_" + A[:36],
    "gho_" + A[:36],
    "ghs_" + A[:36],
    "github_pat_" + "11ABCDEFG0" + A[:22] + "_" + A,
    "glpat-" + A[:20],
    "xox" + "b-123456789012-1234567890123-" + A[:24],
    "xox" + "p-123456789012-1234567890123-" + A[:24],
    "xapp-" + "1-A0123456789-1234567890123-" + HEX,
    "M" + "TIzNDU2Nzg5MDEyMzQ1Njc4" + ".GaBcDe." + A[:38],
    "sk_" + "live_" + A[:24],
    "rk_" + "live_" + A[:24],
    "whsec" + "_" + A[:32],
    "AIza" + "Sy" + A[:33],
    "ya29" + ".a0AfH6SM" + A,
    "GOCSPX" + "-" + A[:28],
    "sk-" + A[:20] + "T3BlbkFJ" + A[:20],
    "sk-" + "proj-" + A + "_" + A,
    "sk-" + "ant-api03-" + A + "-" + A + "AA",
    "npm" + "_" + A[:36],
    "pypi" + "-AgEIcHlwaS5vcmc" + A,
    "SG" + "." + A[:22] + "." + A + "abc",
    "SK" + HEX,
    "AC" + HEX,
    "123456789" + ":AA" + "E" + A[:34],
    "dop_v1" + "_" + HEX + HEX,
    "hf" + "_" + A[:34],
    "shpat" + "_" + HEX,
    "sq0atp" + "-" + A[:22],
    "key" + "-" + HEX,
    "hvs" + "." + A,
    JWT,
]

# How each of them turns up: before a comma, a bracket, a particle, in a quoted field, in an address.
FRAMES = [
    "request failed: {} rejected",
    "client built with {}, retrying",
    "ClientConfig {{ inner: Some({}) }}",
    'upstream said "{}".',
    "GET https://api.example.com/v1/things?x={}&limit=10 -> 401",
    "발급된 값 {}을 저장했습니다",
    '{{"level":"ERROR","fields":{{"message":"used {} twice"}}}}',
]

FIELDS = [
    Leak('{"password":"hunter2","user_id":7}', ("hunter2",), ('"user_id":7',)),
    Leak('{"user":{"profile":{"userPassword":"k1mch1!"}}}', ("k1mch1",)),
    Leak('{"body":"{\\"login_id\\":\\"kim\\",\\"password\\":\\"hunter2\\"}"}', ("hunter2",), ("login_id",)),
    Leak('{"a":"{\\"b\\":\\"{\\\\\\"refresh_token\\\\\\":\\\\\\"rt-0a1b2c3d\\\\\\"}\\"}"}', ("rt-0a1b2c3d",)),
    Leak(
        '{"headers":{"Authorization":"Bearer 0a1b2c3d4e5f","X-Api-Key":"k-998877ab"}}',
        ("0a1b2c3d4e5f", "k-998877ab"),
        ("Bearer",),
    ),
    Leak('{"headers":{"authorization":["Basic a2ltOmh1bnRlcjI="]}}', ("a2ltOmh1bnRlcjI",)),
    Leak('{"cookie":"sid=s3cr3t; theme=dark"}', ("s3cr3t",), ("sid=", "theme=")),
    Leak('{"set-cookie":"refresh=r3fr3sh; Path=/; HttpOnly"}', ("r3fr3sh",), ("Path=/", "HttpOnly")),
    Leak('{"pin":1234,"otp":"998877"}', ("1234", "998877")),
    Leak('{"card_number":"4111 1111 1111 1111","cvv":"123"}', ("4111", '"123"')),
    Leak('{"email":"kim@example.com","email":"lee@example.com"}', ("kim@", "lee@")),
    Leak('{"password":"hunter2","password":"hunter3"}', ("hunter2", "hunter3")),
    Leak('{"credential":{"user":"u1","value":"v-0a1b2c"}}', ("v-0a1b2c",)),
    Leak('{"session":{"id":"s-9f8e7d","age":12}}', ("s-9f8e7d",), ('"age":12',)),
    Leak('{"tokens":["abc"],"access_tokens":["t-0a1b2c3d"]}', ("t-0a1b2c3d",)),
    Leak('{"kakao_rest_api_key":"' + HEX + '","naver_client_secret":"aBcDeFgHiJ"}', (HEX, "aBcDeFgHiJ")),
    Leak('{"aws_secret_access_key":"' + A + '"}', (A,)),
    Leak(
        '{"phone":"01012345678","rrn":"900101-1234567","nickname":"길동이"}',
        ("01012345678", "900101", "길동이"),
    ),
    Leak('{"address":"서울특별시 강남구 테헤란로 123"}', ("테헤란로",)),
    Leak('{"kim@example.com":1}', ("kim@example.com",)),
    Leak('{"msg":"mail to kim\\u0040example.com failed"}', ("example.com",)),
    Leak('Nov 22 03:04:05 host app[1]: {"password":"hunter2"}', ("hunter2",), ("host app[1]",)),
    Leak('{"level":"INFO"}{"password":"hunter2"}', ("hunter2",), ('{"level":"INFO"}',)),
    Leak('{"level":"ERROR","password":"hunter2","x":', ("hunter2",)),
    Leak('{"level":"ERROR","password":"hun ter2', ("hun", "ter2")),
    Leak("{'token': 'tok-0a1b2c', 'n': 1}", ("tok-0a1b2c",), ("'n': 1",)),
    Leak(r'body="{\"password\":\"hunter2\",\"x\":1}"', ("hunter2",), (r"\"x\":1",)),
    Leak(
        'LoginRequest { email: "kim@example.com", password: "hunter2", otp: Some("123456") }',
        ("kim@", "hunter2", "123456"),
    ),
    Leak('Config { api_key: Secret("k-123abc456"), retries: 3 }', ("k-123abc456",), ("retries: 3",)),
    Leak("password=hunter2 user=7", ("hunter2",), ("user=7",)),
    Leak("connect host=db password=p@ss,w0rd;1 dbname=x", ("p@ss", "w0rd"), ("dbname=x",)),
    Leak("DB_PASSWORD=correcthorse", ("correcthorse",)),
    Leak("spring.datasource.password: s3cret!", ("s3cret",)),
    Leak("export OPENAI_API_KEY=abc123def456", ("abc123def456",)),
    Leak("Server=db;User Id=sa;Pwd=Pa55word;Encrypt=yes", ("Pa55word",), ("Encrypt=yes",)),
    Leak("token=abc123def, retry in 5s", ("abc123def",), (", retry in 5s",)),
    Leak("(token=abc123def)", ("abc123def",)),
    Leak("\x1b[3mtoken\x1b[0m\x1b[2m=\x1b[0mabc123def \x1b[3mop\x1b[0m=x", ("abc123def",), ("op",)),
    Leak("비밀번호: hunter2로 로그인", ("hunter2",)),
    Leak("비밀번호는 hunter2 입니다", ("hunter2",)),
    Leak("the password is hunter2", ("hunter2",)),
    Leak("ALTER USER app IDENTIFIED BY 'hunter2'", ("hunter2",)),
    Leak("ALTER ROLE app WITH PASSWORD 'hunter2'", ("hunter2",)),
    Leak("mysqldump --password hunter2 app", ("hunter2",)),
    Leak("curl -u kim:hunter2 https://x", ("hunter2",)),
    Leak("인증번호 [482913]를 입력하세요", ("482913",)),
    Leak("sms sent: verification code: 482913", ("482913",)),
    Leak("<password>hunter2</password>", ("hunter2",)),
    Leak("sessionid=8f7e6d5c4b3a user=1", ("8f7e6d5c4b3a",), ("user=1",)),
    Leak("계좌번호: 110-234-567890", ("110-234-567890",)),
    Leak("AccountName=x;AccountKey=" + A + "==;EndpointSuffix=y", (A,), ("EndpointSuffix=y",)),
    Leak("body=email%3Dkim%40example.com%26password%3Dhunter2", ("kim%40", "hunter2")),
]

HEADERS = [
    Leak("Authorization: Bearer 0a1b2c3d4e5f6a7b", ("0a1b2c3d4e5f6a7b",), ("Authorization: Bearer",)),
    Leak("authorization=Basic a2ltOmh1bnRlcjI=", ("a2ltOmh1bnRlcjI",)),
    Leak('-H "Authorization: token abcdef123456"', ("abcdef123456",)),
    Leak("Authorization: KakaoAK " + HEX, (HEX,)),
    Leak('Authorization: Digest username="kim", realm="r", nonce="n1", response="' + HEX + '"', (HEX, "kim")),
    Leak(
        "Authorization: AWS4-HMAC-SHA256 Credential=AK/20261122/us, SignedHeaders=host, Signature=" + HEX,
        (HEX,),
    ),
    Leak("sent bearer 0a1b2c3d4e5f6a7b upstream", ("0a1b2c3d4e5f6a7b",), ("upstream",)),
    Leak("Authorization: Bearer FAKE.eyJmYWtlIjp0cnVlfQ.not-a-token", ("FAKE", "eyJ", "not-a")),
    Leak("x-api-key: k-998877ab", ("k-998877ab",)),
    Leak("Cookie: sid=abc123; theme=dark", ("abc123", "dark"), ("sid=", "theme=")),
    Leak("set-cookie: refresh=r3fr3sh; Path=/; Max-Age=60", ("r3fr3sh",), ("Path=/", "Max-Age=60")),
    Leak('"cookie": "a=b1c2d3"', ("b1c2d3",)),
    Leak(
        "postgres://app:hunter2@db.internal:5432/x?sslmode=require",
        ("hunter2",),
        ("app", "@db.internal:5432/x"),
    ),
    Leak("postgres://app:p@ss/w0rd@db:5432/x", ("p@ss", "w0rd"), ("@db:5432/x",)),
    Leak("redis://:hunter2@cache:6379/0", ("hunter2",), ("@cache:6379/0",)),
    Leak("app:hunter2@tcp(db:3306)/x", ("hunter2",)),
    Leak("https://kim:hunter2@example.com/a", ("hunter2",), ("example.com/a",)),
    Leak("dsn https://" + HEX + "@o1.ingest.example.com/2", (HEX,), ("o1.ingest.example.com/2",)),
    Leak("GET /cb?code=" + A[:24] + "&state=ok", (A[:24],), ("state=ok",)),
    Leak("GET /r?access_token=abc123def&x=1", ("abc123def",), ("&x=1",)),
    Leak(
        "https://s3.example.com/k?X-Amz-Signature=" + HEX + "&X-Amz-Expires=60", (HEX,), ("X-Amz-Expires=60",)
    ),
    Leak("https://hooks.slack.com/services/T0000/B0000/" + A[:24], (A[:24],), ("hooks.slack.com",)),
    Leak(
        "POST https://discord.com/api/webhooks/123456789012345678/" + A + "-_x",
        (A, "123456789012345678"),
        ("discord.com",),
    ),
    Leak("POST https://discord.com/api/v10/webhooks/123456789012345678/" + A, (A,)),
    Leak(
        BEGIN + "\n" + PEM_BODY + "\n" + PEM_BODY + "\n" + END + "\nnext line",
        (PEM_BODY[:20],),
        ("next line",),
    ),
    Leak(RSA + "\\n" + PEM_BODY + "\\n" + PEM_BODY[:40], (PEM_BODY[:20],)),
    Leak('{"key":"' + BEGIN + "\\n" + PEM_BODY + "\\n" + END + '\\n"}', (PEM_BODY[:20],)),
    Leak("got " + JWT[:50] + "... (cut)", (JWT[:30],), ("(cut)",)),
]

PEOPLE = [
    Leak("user@x.com으로 보냈습니다", ("user@x.com",), ("으로 보냈습니다",)),
    Leak("To: <kim.cheol-su+log@mail.example.co.kr>, x", ("kim.cheol", "example.co.kr")),
    Leak("Key (email)=(kim@example.com) already exists.", ("kim@example.com",), ("already exists",)),
    Leak("홍길동@example.com 가입", ("@example.com",)),
    Leak("연락처 010-1234-5678입니다", ("010-1234-5678",), ("입니다",)),
    Leak("sms to 01012345678 failed", ("01012345678",)),
    Leak("tel 02-123-4567", ("02-123-4567",)),
    Leak("from +82 10-1234-5678", ("1234-5678",)),
    Leak("from +821012345678,", ("821012345678",)),
    Leak("call +1 (415) 555-0132 now", ("555-0132",), ("now",)),
    Leak("fax +44 20 7946 0958", ("7946",)),
    Leak("call (415) 555-0132", ("555-0132",)),
    Leak("주민번호 900101-1234567 확인", ("900101", "1234567")),
    Leak("rrn check failed for 8801012345670", ("8801012345670",)),
    Leak("card 4111 1111 1111 1111 declined", ("4111",), ("declined",)),
    Leak("pan=5555555555554444", ("5555555555554444",)),
    Leak("amex 378282246310005.", ("378282246310005",)),
    Leak("client 203.0.113.42 disconnected", ("203.0.113.42",)),
    Leak("peer=/203.0.113.42:51234", ("203.0.113.42",), (":51234",)),
    Leak("203.0.113.42에서 접속", ("203.0.113.42",)),
    Leak("from 2001:db8:85a3::8a2e:370:7334: refused", ("370:7334",), ("refused",)),
    Leak("[2606:4700::1111]:443", ("4700",)),
    Leak("배송지: 서울특별시 강남구 테헤란로 123 접수", ("테헤란로",), ("접수",)),
]
