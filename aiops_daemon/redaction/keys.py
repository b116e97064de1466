"""Which names of fields hold a secret or personal data, and which values under such a name are plainly harmless.

Not for finding the fields: `structure` does that in JSON, `fields` in any other text; both ask here.
"""

from functools import lru_cache
from typing import Final

from aiops_daemon.redaction.patterns import compiled

PERSONAL_KINDS: Final = frozenset(
    {"EMAIL", "PHONE", "RRN", "CARD", "IP", "ADDRESS", "PERSON", "BIRTHDATE", "ACCOUNT"}
)

_EXACT: Final[dict[str, str]] = {
    name: kind
    for kind, names in {
        "PASSWORD": "pass pw userpw 비밀번호 패스워드 암호",
        "TOKEN": "jwt bearer xhubsignature xhubsignature256 xslacksignature signature256 codeverifier clientassertion"
        " 토큰 accesstokens refreshtokens 액세스토큰 authorizationcode",
        "SESSION": "session sid jsessionid phpsessid connectsid sess",
        "OTP": "otp totp pin pincode mfacode smscode authcode verificationcode onetimecode 인증번호 인증코드",
        "CARD": "cvv cvc cvv2 pan 카드번호",
        "RRN": "ssn rrn jumin juminno juminbunho residentnumber socialsecuritynumber 주민등록번호 주민번호",
        "PHONE": "tel mobile 전화번호 휴대폰 연락처 핸드폰",
        "EMAIL": "mail 이메일",
        "CREDENTIAL": "auth",
        "PERSON": "realname fullname firstname lastname nickname membername 닉네임",
        "BIRTHDATE": "birthdate birthday dob dateofbirth 생년월일",
        "ACCOUNT": "accountnumber accountno bankaccount iban passport passportnumber passportno 계좌번호 여권번호",
        "ADDRESS": "addr 주소",
    }.items()
    for name in names.split()
}
# The first that ends a name decides, so the longer one of two stands first.
_ENDINGS: Final = tuple(
    (ending, kind)
    for kind, endings in (
        ("PASSWORD", "password passwd passphrase passcode passwordhash hashedpassword pwd passwort"),
        (
            "PASSWORD",
            "dbpass userpass adminpass rootpass smtppass mailpass redispass mysqlpass pgpass ldappass proxypass",
        ),
        ("PASSWORD", "dbpw userpw adminpw rootpw newpw oldpw memberpw loginpw"),
        ("PRIVATE_KEY", "privatekey privatekeypem"),
        (
            "API_KEY",
            "apikey accesskey secretkey encryptionkey signingkey masterkey adminkey authkey servicekey accountkey appkey",
        ),
        ("API_KEY", "restapikey javascriptkey hmackey sharedkey licensekey"),
        ("WEBHOOK", "webhookurl webhook"),
        ("SESSION", "sessionid sessionkey sessiontoken"),
        ("TOKEN", "token tokenvalue"),
        ("SECRET", "secret secretvalue appsecret"),
        ("CREDENTIAL", "authorization credential credentials creds"),
        ("COOKIE", "cookie cookies"),
        ("OTP", "otpcode otp"),
        ("EMAIL", "email emailaddress useremail emails"),
        ("PHONE", "phone phonenumber mobilenumber telephone cellphone phoneno mobileno"),
        ("CARD", "cardnumber cardno creditcard"),
        ("ADDRESS", "address address1 address2"),
    )
    for ending in endings.split()
)
# Names that only look secret: parsers, paging, language models, and settings that are switches.
_HARMLESS_KEYS: Final = frozenset({
    "retrytoken", "nexttoken", "nextpagetoken", "pagetoken", "continuationtoken", "synctoken",
    "canceltoken", "cancellationtoken", "unexpectedtoken", "expectedtoken", "invalidtoken", "eostoken",
    "bostoken", "padtoken", "unktoken", "stoptoken", "pertoken", "costpertoken", "firsttoken",
    "timetofirsttoken", "starttoken", "endtoken", "haspassword", "nopassword", "requirepassword",
    "resetpassword", "forgotpassword", "oldpwd", "macaddress", "ipaddress", "bindaddress", "listenaddress",
    "remoteaddress",
})  # fmt: skip
_WITHOUT_SEPARATORS: Final = str.maketrans("", "", "-_. ")
_LONGEST_KEY: Final = 64

_LONGEST_HARMLESS: Final = 1024

# Words that say something about a secret instead of being one; what is masked already; places for a value.
_HARMLESS_VALUE = compiled(
    rb"(?i)^(?:none|null|nil|undefined|nan|true|false|yes|no|on|off|ok|some|missing|invalid|valid|expired|required|revoked"
    rb"|empty|unset|present|absent|set|not|must|is|was|string|&?str|option|secretstring|hidden|redacted|masked|filtered"
    rb"|removed|omitted|unknown|incorrect|wrong|failed|failure|error|changed|updated|created|deleted|reset|enabled|disabled"
    rb"|malformed|mismatch|rejected|denied|unauthorized|forbidden|bearer|basic|jwt|oauth2?|secret|password|token|number"
    rb"|optional|default|todo|n/a|(?:option|secret|box|arc|vec)<.*>|not[ _](?:set|found|provided|present|configured))[.!:,;]?$"
    rb"|^(?:[^0-9A-Za-z\x80-\xff]*|x{3,}|.{0,4}[*]{3,}.{0,4}|[\[(<]+[a-z _-]+[\])>]*[,;.]?)$"
    rb"|^(?:\$?\{+[^{}]*\}*[,;)]*|\$[A-Za-z_0-9]+|%[a-z(].*|:[a-z_]+|(?-i:[A-Z]+(?:_[A-Z]+)+))$"
)
# What a validator says of a field: "can't be blank".
_COMPLAINT = compiled(
    rb"(?i)^[a-z][a-z' ]* (?:[a-z' ]* )?(?:be|blank|required|invalid|short|long|weak|match|field|valid|empty|missing|wrong)"
    rb"(?: [a-z' ]+)?[.!]?$"
)
# `env::var(..)`, `req.token`: code, for the redactor also sees source.
_CODE = compiled(
    rb"^[&*!]*(?:[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)*(?:::<.*>)?!?\(.*|[a-z_]+(?:(?:\.|::|->)[a-z_]+)+\??)$"
)
_SMALL_NUMBER = compiled(rb"^-?[0-9]{1,9}(?:\.[0-9]+)?$")
_ORDINARY_WORD = compiled(rb"^[A-Za-z]?[a-z -]{0,20}$")
_PATH = compiled(rb"^(?:/[a-z._-]+[0-9]{0,2})+/?$")
_FEWEST_DIGITS: Final = {"PHONE": 7, "RRN": 6, "OTP": 4, "BIRTHDATE": 6, "ACCOUNT": 6}
_DIGIT = compiled(rb"[0-9]")


@lru_cache(maxsize=4096)
def kind_of_key(key: str) -> str | None:
    """What the values under a name are, or None where the name promises nothing."""
    last = key[-_LONGEST_KEY:]
    name = last.translate(_WITHOUT_SEPARATORS).lower()
    if name in _HARMLESS_KEYS:
        return None
    kind = _EXACT.get(name)
    if kind is None and "." in last:
        kind = _EXACT.get(last.rpartition(".")[2].translate(_WITHOUT_SEPARATORS).lower())
    if kind is None:
        kind = next((kind for ending, kind in _ENDINGS if name.endswith(ending)), None)
    return kind


def is_harmless(kind: str, value: bytes) -> bool:
    """Whether a value under a telling name gives nothing away, whatever form it was written in."""
    if len(value) > _LONGEST_HARMLESS:
        return False
    if _is_no_value(value):
        return True
    match kind:
        case "EMAIL":
            harmless = b"@" not in value and b"%40" not in value
        case "ADDRESS":
            harmless = b" " not in value or (value.isascii() and not _DIGIT.search(value))
        case "PHONE" | "RRN" | "OTP" | "BIRTHDATE" | "ACCOUNT" | "CARD":
            harmless = len(_DIGIT.findall(value)) < _FEWEST_DIGITS.get(kind, 3)
        case "WEBHOOK":
            harmless = b"://" not in value
        case "SESSION" | "CREDENTIAL" if _ORDINARY_WORD.search(value):
            harmless = True
        case "TOKEN" | "SESSION" | "API_KEY" | "COOKIE" | "SECRET" | "CREDENTIAL":
            harmless = (len(value) < 12 and _SMALL_NUMBER.search(value) is not None) or is_code(value)  # noqa: PLR2004
        case "PASSWORD":
            harmless = (len(value) < 4 and value.isdigit()) or _is_path(value)  # noqa: PLR2004 - pass=12
        case _:
            harmless = False
    return harmless


def _is_no_value(value: bytes) -> bool:
    if not value or _HARMLESS_VALUE.search(value) is not None:
        return True
    return b" " in value and _COMPLAINT.search(value) is not None


def _is_path(value: bytes) -> bool:
    return value.startswith(b"/") and _PATH.search(value) is not None  # PWD=/srv/app


def is_code(value: bytes) -> bool:
    """Whether a value without quotes is an expression of a program."""
    # `isalnum` only saves time: code has a dot, an arrow or a bracket.
    return len(value) <= _LONGEST_HARMLESS and not value.isalnum() and _CODE.search(value) is not None


def is_version(key: str, value: str) -> bool:
    """Whether four numbers with dots between them are a version and no address, as their name says."""
    return key.lower().endswith(("version", "ver", "build", "release")) and value.replace(".", "").isdigit()
