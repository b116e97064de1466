"""The line finder knows where keys stand, and takes nothing inside strings, comments and arrays for one."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.settings.lines import lines_of

CASES = [
    ("", {}),
    ("# only = a comment", {}),
    ("a = 1\nb = 2", {("a",): 1, ("b",): 2}),
    ("\n\n[t]\n\nk = 1", {("t",): 3, ("t", "k"): 5}),
    ("a.b = 1\na.c = 2", {("a",): 1, ("a", "b"): 1, ("a", "c"): 2}),
    ('[a.b."c.d"]\n"e f" = 1', {("a",): 1, ("a", "b"): 1, ("a", "b", "c.d"): 1, ("a", "b", "c.d", "e f"): 2}),
    ("[ a . 'b]' ]\nc=1", {("a",): 1, ("a", "b]"): 1, ("a", "b]", "c"): 2}),
    ("\"a=b\" = 1\n'#' = 2", {("a=b",): 1, ("#",): 2}),
    ('"\\u0041" = 1', {("A",): 1}),
    ('a = """\n[x]\nb = 1\n"""\nc = 1', {("a",): 1, ("c",): 5}),
    ('a = """x\\"""\n[x]\n"""\nc = 1', {("a",): 1, ("c",): 4}),
    ('a = """ends with ""quotes"""""\nc = 1', {("a",): 1, ("c",): 2}),
    ('a = """"""\nc = 1', {("a",): 1, ("c",): 2}),
    ("a = '''\nb = \"\n'''\nc = 1", {("a",): 1, ("c",): 4}),
    ('a = "# no comment \\" ["\nb = 1', {("a",): 1, ("b",): 2}),
    ("a = '\\'\nb = 1", {("a",): 1, ("b",): 2}),
    ('a = [\n  "x", # ]\n  "]",\n]\nb = 1', {("a",): 1, ("b",): 5}),
    ("a = [[1,\n2],\n[3]]\nb = 1", {("a",): 1, ("b",): 4}),
    ("a = {b = [1,\n2], c = 3}\nd = 1", {("a",): 1, ("d",): 3}),
    ("a = 1 # ' \" [\nb = 2", {("a",): 1, ("b",): 2}),
    ("a = 1\r\n[b]\r\nc = '''\r\n'''\r\nd = 1", {("a",): 1, ("b",): 2, ("b", "c"): 3, ("b", "d"): 5}),
    ("[[a]]\nx = 1\n[[a]]\nx = 2\ny = 3", {("a",): 1, ("a", "x"): 2, ("a", "y"): 5}),
    ('"서버" = 1', {("서버",): 1}),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_lines(text, expected):
    tomllib.loads(text)
    assert lines_of(text) == expected


VALUES = st.one_of(
    st.integers().map(str),
    st.text(st.characters(min_codepoint=32, max_codepoint=126)).map(json.dumps),
    st.text("ab]['\\\n#=", max_size=12).map(lambda text: '"""' + text.replace("\\", "\\\\") + '"""'),
    st.text('ab][\\"\n#=', max_size=12).map(lambda text: "'''" + text + "'''"),
    st.lists(st.sampled_from(['"]"', "'['", "1", "[2]", "{a = 1}"]), max_size=4).map(
        lambda items: "[ # ]\n" + ",\n".join(items) + "\n]"
    ),
)


@given(st.lists(VALUES, max_size=12), st.booleans())
def test_a_key_is_found_whatever_stands_before_it(values, in_table):
    text = "[t]\n" if in_table else ""
    expected = {("t",): 1} if in_table else {}
    for number, value in enumerate(values):
        expected[(*(["t"] if in_table else []), f"k{number}")] = text.count("\n") + 1
        text += f"k{number} = {value} # [x]\n"
    tomllib.loads(text)
    assert lines_of(text) == expected
