"""Addresses: where the daemon may send, where it pushes, where it listens.

https everywhere, http on a loopback address only; never a link-local or metadata address; never credentials inside a
URL. A URL's path may itself be a secret (heartbeats, webhooks), so no error here shows more of it than scheme and
host. Names are not resolved here: what a name points to at the time of the call is the client's concern.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator

from aiops_daemon.settings.kinds import refuse, shown
from aiops_daemon.settings.texts import plain

_WEB = "an https URL; http on a loopback address only"
_METADATA_NAMES = frozenset(
    {"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"}
)
_NUMERIC_HOST = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_LARGEST_PORT = 65535


def split(text: str) -> SplitResult | None:
    """The parts of an absolute URL, or None where there are none."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return parts if parts.scheme and parts.hostname else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: by number, or by the names RFC 6761 reserves."""
    address = _address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_out_of_bounds(host: str) -> bool:
    address = _address(host)
    if address is not None:
        return (
            address.is_link_local or address.is_multicast or address.is_unspecified or host == "fd00:ec2::254"
        )
    # "2852039166" and "0xa9fe.0xa9fe" are 169.254.169.254 to most resolvers.
    return host.rstrip(".") in _METADATA_NAMES or _NUMERIC_HOST.fullmatch(host) is not None


def web_url(*, empty: bool = False, query: bool = False) -> Callable[[object], str]:
    """A URL that the daemon may call. A closing slash is dropped, so that paths can be appended."""
    allowed = f'{_WEB}, or "" for none' if empty else _WEB

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise refuse(f"{shown(value)} is not a URL", allowed)
        if not value and empty:
            return value
        return _checked(value, allowed, query=query)

    return check


def _checked(text: str, allowed: str, *, query: bool) -> str:
    parts = split(text)
    if parts is None or parts.hostname is None or re.search(r"\s", text) or not text.isprintable():
        raise refuse("this is not a URL", allowed)
    host = parts.hostname
    origin = f"{parts.scheme}://{host}"
    if parts.username is not None or parts.password is not None:
        raise refuse("the URL holds a user name or a password", f"{allowed}; secrets stand in [secrets]")
    if parts.scheme not in {"https", "http"}:
        raise refuse(f'"{parts.scheme}" URLs are not possible here', allowed)
    if _is_out_of_bounds(host):
        raise refuse(f"{origin} is a link-local, metadata or numeric address", allowed)
    if parts.scheme == "http" and not is_loopback(host):
        raise refuse(f"{origin} is not encrypted", allowed)
    if parts.fragment or (parts.query and not query):
        raise refuse(f"the URL on {origin} has a part after '?' or '#'", allowed)
    return text.rstrip("/")


def remote(value: object) -> str:
    """Where branches are pushed: https, http on loopback, a local path; "" means the clone's origin."""
    allowed = f'{_WEB}, a local path, or "" for the origin of the clone'
    text = plain(value, allowed)
    if "://" in text:
        return _checked(text, allowed, query=False)
    if text.startswith("-"):
        raise refuse(f'{shown(text)} begins with "-"', allowed)
    if ":" in text.partition("/")[0]:  # git takes host:path for ssh, and ext::command for a program
        raise refuse("ssh and helper addresses are not possible here", allowed)
    return text


def listen(value: object) -> str:
    """Where the daemon's own HTTP server listens."""
    allowed = '"host:port" such as "127.0.0.1:8787", "[::1]:8787", "unix:/path", or "" for off'
    text = plain(value, allowed)
    if not text or text.startswith("unix:/"):
        return text
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    is_host = bool(bare) and not re.search(r"[\s/@\[\]]", bare) and (":" not in bare or bare != host)
    if not is_host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _LARGEST_PORT:
        raise refuse(f"{shown(text)} is not an address to listen on", allowed)
    return text


Endpoint = Annotated[str, BeforeValidator(web_url())]
OptionalPing = Annotated[str, BeforeValidator(web_url(empty=True, query=True))]
Remote = Annotated[str, BeforeValidator(remote)]
Listen = Annotated[str, BeforeValidator(listen)]
