"""A record -> the lines of it that help at night."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.actions.excerpt import EXCERPT_CHARACTERS, excerpt_of, headline_of

# As tracing wrote them (shared/samples/rust-tracing), shortened.
NESTED = r'{"timestamp":"2026-11-19T01:14:48.36456Z","level":"ERROR","fields":{"message":"AI 서비스 응답 시간이 초과되었습니다","error_code":"AI5031","retry_count":0,"timeout_s":30},"target":"server::domain::ai::service","span":{"attempt":1,"request_id":"28ee68d8","name":"call_openai"}}'
FLAT = r'{"timestamp":"2026-11-18T21:45:05.41884Z","level":"WARN","message":"slow request","duration_ms":5950,"target":"server::traffic","span":{"method":"GET","request_id":"5d42a3a1","uri":"/api/v1/retrospects/484","name":"request"}}'
BACKTRACE = r"""   0: server::traffic::install_panic_hook::{{closure}}
             at ./gen/rust/src/traffic.rs:38:170
   1: <alloc::boxed::Box<dyn for<'a, 'b> core::ops::function::Fn<()>>>::call
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/alloc/src/boxed.rs:2254:9
   2: std::panicking::panic_with_hook
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:833:13
   3: __rustc::rust_begin_unwind
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:689:5
   4: core::panicking::panic_fmt
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/panicking.rs:80:14
   5: core::result::Result<T,E>::expect
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/result.rs:1185:23
   6: server::traffic::boom
             at ./gen/rust/src/traffic.rs:47:67
   7: server::traffic::serve::{{closure}}
             at ./gen/rust/src/traffic.rs:87:51
   8: tokio::runtime::task::core::Core<T,S>::poll
             at /root/.cargo/registry/src/index.crates.io/tokio-1.48.0/src/runtime/task/core.rs:365:24
   9: std::panicking::catch_unwind::do_call
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:581:40"""
PANIC = {
    "level": "ERROR",
    "fields": {
        "message": "thread panicked",
        "error_code": "COMMON5001",
        "panic.message": 'font file must exist: Os { code: 2, message: "No such file" }',
        "panic.location": "src/traffic.rs:47:67",
        "panic.thread": "tokio-runtime-worker-0",
        "panic.backtrace": BACKTRACE,
    },
    "target": "panic",
}


def test_a_nested_record_is_its_message_its_fields_and_its_request():
    assert excerpt_of(NESTED).split("\n") == [
        "AI 서비스 응답 시간이 초과되었습니다",
        "retry_count = 0",
        "timeout_s = 30",
        "request_id = 28ee68d8",
    ]


def test_a_flat_record_leaves_its_envelope_out():
    assert excerpt_of(FLAT) == "slow request\nduration_ms = 5950\nrequest_id = 5d42a3a1"


def test_a_panic_leads_with_what_it_said_and_shows_the_teams_own_frames():
    assert excerpt_of(json.dumps(PANIC)).split("\n") == [
        'font file must exist: Os { code: 2, message: "No such file" }',
        "  at server::traffic::boom  ./gen/rust/src/traffic.rs:47:67",
        "  at server::traffic::serve::{{closure}}  ./gen/rust/src/traffic.rs:87:51",
    ]


def test_the_raw_text_of_a_panic_is_as_short():
    text = (
        "thread 'main' (7) panicked at src/traffic.rs:47:67:\nfont file must exist\nstack backtrace:\n"
        f"{BACKTRACE}\nnote: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace."
    )
    assert excerpt_of(text).split("\n") == [
        "thread 'main' (7) panicked at src/traffic.rs:47:67:",
        "font file must exist",
        "  at server::traffic::boom  ./gen/rust/src/traffic.rs:47:67",
        "  at server::traffic::serve::{{closure}}  ./gen/rust/src/traffic.rs:87:51",
    ]
    assert headline_of(text) == "thread 'main' (7) panicked at src/traffic.rs:47:67: font file must exist"


def test_a_backtrace_of_nothing_but_the_runtime_still_shows_where_it_was():
    runtime = "   0: std::rt::begin\n             at /rustc/1/a.rs:1:1\n   1: core::ops::call\n             at /rustc/1/b.rs:1:1"
    assert excerpt_of(f"it broke\n{runtime}").split("\n")[1] == "  at std::rt::begin  /rustc/1/a.rs:1:1"


def test_a_chained_traceback_of_python_says_first_what_was_raised_last():
    text = """\
Traceback (most recent call last):
  File "/srv/app/emit.py", line 16, in call_openai
    json.loads(body)
  File "/usr/lib/python3.11/json/decoder.py", line 337, in decode
    obj, end = self.raw_decode(s)
json.decoder.JSONDecodeError: Expecting value

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/app/emit.py", line 40, in main
    analyze()
  File "/srv/app/emit.py", line 22, in analyze
    raise AppError("no") from e
AppError: no"""
    assert excerpt_of(text).split("\n") == [
        "AppError: no",
        '  File "/srv/app/emit.py", line 22, in analyze',
        '    raise AppError("no") from e',
        '  File "/srv/app/emit.py", line 40, in main',
        "    analyze()",
        "json.decoder.JSONDecodeError: Expecting value",
    ]


def test_a_stack_of_node_in_an_error_object_is_read():
    stack = "AppError: bad\n    at run (/srv/app/a.js:6:104)\n    at node:internal/main:1:1\n    at x (/srv/node_modules/b.js:1:1)"
    text = json.dumps(
        {"level": 50, "msg": "it failed", "pid": 7, "err": {"type": "AppError", "stack": stack}}
    )
    assert excerpt_of(text) == "it failed\nerr = AppError: bad\n  at run (/srv/app/a.js:6:104)"


def test_a_stack_of_java_is_read():
    stack = (
        "E: bad\n\tat com.example.A.b(A.java:7)\n\tat java.base/java.lang.C.d(C.java:1)\nCaused by: F: worse"
    )
    text = json.dumps({"@timestamp": "x", "message": "it failed", "level": "ERROR", "stack_trace": stack})
    assert (
        excerpt_of(text)
        == "it failed\nstack_trace = E: bad\n  at com.example.A.b(A.java:7)\nCaused by: F: worse"
    )


def test_plain_text_stays_as_it_is():
    assert excerpt_of("  2026-11-24 ERROR it failed\n  more\n") == "2026-11-24 ERROR it failed\n  more"


@pytest.mark.parametrize("end", range(len(NESTED) - 1, NESTED.index("서비스"), -1))
def test_a_record_that_was_cut_off_anywhere_still_leads_with_its_message(end):
    assert excerpt_of(NESTED[:end]).startswith("AI")


def test_what_docker_and_journald_wrap_is_unwrapped():
    assert excerpt_of(json.dumps({"log": NESTED + "\n", "stream": "stdout"})) == excerpt_of(NESTED)
    assert excerpt_of(json.dumps({"MESSAGE": NESTED, "_PID": "1"})) == excerpt_of(NESTED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "[]",
        "{]",
        '{"a":}',
        "null",
        "{" * 5000,
        '{"a":' * 5000,
        '{"message":' + "[" * 90000,
        '{"n":' + "9" * 5000 + "}",
        '{"message":null,"fields":null,"span":[],"spans":{}}',
        '{"message":{"a":1},"fields":[]}',
        '{"fields":{"message":["x"]},"spans":[1,null]}',
        '{"message":"\\ud800"}',
    ],
)
def test_odd_text_does_no_harm(text):
    assert isinstance(excerpt_of(text), str)
    assert isinstance(headline_of(text), str)


KEYS = st.sampled_from(
    [
        "message",
        "msg",
        "fields",
        "span",
        "spans",
        "stack",
        "err",
        "panic.message",
        "panic.backtrace",
        "request_id",
        "log",
    ]
) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(values=st.dictionaries(KEYS, JSON, max_size=6), end=st.integers(0, 2000))
def test_an_excerpt_is_bounded_and_a_headline_one_line(values, end):
    text = json.dumps(values)[:end]
    assert len(excerpt_of(text)) <= EXCERPT_CHARACTERS
    assert len(headline_of(text)) <= 160
    assert "\n" not in headline_of(text)
