"""The HTTP session that every client uses: no proxies from the environment, no redirects, every wait bounded."""

from __future__ import annotations

import aiohttp

from aiops_daemon import __version__

TOTAL_SECONDS = 10.0
"""For a whole request: an answer that drips in byte by byte ends here, too."""

_CONNECT_SECONDS = 5.0

MAX_BODY_BYTES = 1 << 20


def session(total_seconds: float = TOTAL_SECONDS) -> aiohttp.ClientSession:
    """A new session. To be made inside of the running loop."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(
            total=total_seconds, connect=_CONNECT_SECONDS, sock_connect=_CONNECT_SECONDS
        ),
        headers={"User-Agent": f"aiops-daemon/{__version__}"},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=True,
    )


async def read_body(response: aiohttp.ClientResponse, limit: int = MAX_BODY_BYTES) -> bytes:
    """The body, at most `limit` bytes of it.

    One `read(n)` of aiohttp's stream returns what has arrived, which may be the first half of an answer.
    """
    parts: list[bytes] = []
    size = 0
    while size < limit and (part := await response.content.read(limit - size)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)
