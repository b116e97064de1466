"""The HTTP session that every client uses: no proxies from the environment, no redirects, every wait bounded."""

from __future__ import annotations

import aiohttp

from aiops_daemon import __version__

TOTAL_SECONDS = 10.0
"""For a whole request: an answer that drips in byte by byte ends here, too."""

MAX_BODY_BYTES = 1 << 20


def session(total_seconds: float = TOTAL_SECONDS) -> aiohttp.ClientSession:
    """A new session. To be made inside of the running loop."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=total_seconds, sock_connect=5),
        headers={"User-Agent": f"aiops-daemon/{__version__}"},
        trust_env=False,
        auto_decompress=True,
    )
