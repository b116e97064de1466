"""Where the daemon may send (SECURITY T14)."""

import pytest
from pydantic_core import PydanticCustomError

from aiops_daemon.settings.urls import web_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.github.com", "https://api.github.com"),
        ("https://ghe.example.com/api/v3/", "https://ghe.example.com/api/v3"),
        ("https://10.0.0.5:8443", "https://10.0.0.5:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_permitted(url, expected):
    assert web_url()(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.5",
        "https://169.254.169.254",
        "http://169.254.169.254/latest/meta-data",
        "https://[::ffff:169.254.169.254]",
        "https://[fe80::1]",
        "https://metadata.google.internal",
        "https://2852039166",
        "https://0xa9.0xfe.0xa9.0xfe",
        "https://0.0.0.0",
        "https://user@example.com",
        "https://user:password@example.com",
        "https://example.com/#x",
        "https://example.com/?x",
        "https://example.com:port",
        "https://exa mple.com",
        "https://example.com/\nx",
        "https:///path",
        "file:///etc/passwd",
        "example.com",
        "//example.com",
        "",
        5,
        None,
    ],
)
def test_refused(url):
    with pytest.raises(PydanticCustomError):
        web_url()(url)
