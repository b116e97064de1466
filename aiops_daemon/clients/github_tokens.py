"""How GitHub learns who asks: a token of the configuration, the login of the `gh` command, or a GitHub App.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

import aiohttp
import jwt
from gidgethub import HTTPException
from gidgethub.aiohttp import GitHubAPI
from gidgethub.apps import get_jwt

from aiops_daemon import __version__
from aiops_daemon.clients.github_failures import NeedsSomebody, failure_of, limit_of, no_connection
from aiops_daemon.clients.programs import run
from aiops_daemon.domain.errors import Paused, Transient

_GH_SECONDS = 10.0
_GH_KEPT_SECONDS = 600.0
_RENEWED_BEFORE = timedelta(minutes=5)
_KEPT_FROM_ENVIRONMENT = (
    "HOME",
    "XDG_CONFIG_HOME",
    "GH_CONFIG_DIR",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "DBUS_SESSION_BUS_ADDRESS",
)
_PUBLIC_API = "api.github.com"


class TokenSource(Protocol):
    """Gives the token to ask with."""

    is_renewable: ClassVar[bool]

    async def token(self, session: aiohttp.ClientSession, *, renew: bool = False) -> str:
        """The token; a new one, if `renew`.

        Raises:
            NeedsSomebody: there is none.
        """
        ...


class Fixed:
    """The token of the configuration."""

    is_renewable: ClassVar[bool] = False

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self, session: aiohttp.ClientSession, *, renew: bool = False) -> str:
        """The token."""
        del session, renew
        return self._token


class Missing:
    """No token at all."""

    is_renewable: ClassVar[bool] = False

    def __init__(self, why: str) -> None:
        self._why = why

    async def token(self, session: aiohttp.ClientSession, *, renew: bool = False) -> str:
        """Say that there is none."""
        del session, renew
        raise NeedsSomebody(self._why)


class GhLogin:
    """The login of the `gh` command: whoever the daemon runs as must be logged in.

    https://cli.github.com/manual/gh_auth_token

    Args:
        api_url: of the API, whose host it is asked for.
    """

    is_renewable: ClassVar[bool] = True

    def __init__(self, api_url: str) -> None:
        host = urlsplit(api_url).hostname or ""
        self._host = "github.com" if host == _PUBLIC_API else host
        self._kept: tuple[float, str] | None = None

    async def token(self, session: aiohttp.ClientSession | None = None, *, renew: bool = False) -> str:
        """Ask gh, unless it was asked a short while ago."""
        del session
        if self._kept is not None and not renew and time.monotonic() - self._kept[0] < _GH_KEPT_SECONDS:
            return self._kept[1]
        kept = {name: os.environ[name] for name in _KEPT_FROM_ENVIRONMENT if name in os.environ}
        environment = {**kept, "GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1"}
        argv = ["gh", "auth", "token", "--hostname", self._host]
        ran = await run(argv, seconds=_GH_SECONDS, environment=environment)
        token = ran.out.strip()
        if ran.code != 0 or not token:
            raise NeedsSomebody(f"gh gave no token for {self._host}: {ran.said}")
        self._kept = (time.monotonic(), token)
        return token


class AppInstallation:
    """A GitHub App: its installation's token lives an hour, is for this repository alone, and is renewed in time."""

    is_renewable: ClassVar[bool] = True

    def __init__(
        self, app_id: int, installation_id: int, private_key: str, api_url: str, repository: str
    ) -> None:
        self._app_id = app_id
        self._installation_id = installation_id
        self._private_key = private_key
        self._api_url = api_url
        self._repository = repository
        self._kept: tuple[float, str] | None = None

    async def token(self, session: aiohttp.ClientSession, *, renew: bool = False) -> str:
        """The installation's token."""
        if self._kept is None or renew or time.time() >= self._kept[0]:
            self._kept = await self._mint(session)
        return self._kept[1]

    async def _mint(self, session: aiohttp.ClientSession) -> tuple[float, str]:
        api = GitHubAPI(session, f"aiops-daemon/{__version__}", base_url=self._api_url)
        try:
            signed = get_jwt(app_id=str(self._app_id), private_key=self._private_key, expiration=540)
            answer = await api.post(
                f"/app/installations/{self._installation_id}/access_tokens",
                data={"repositories": [self._repository.partition("/")[2]]},
                jwt=signed,
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            raise NeedsSomebody("the GitHub App's private key can't be used") from None
        except HTTPException as refusal:
            if (limit := limit_of(refusal)) is not None:
                raise Paused(limit[0], wait=limit[1] or timedelta(minutes=1)) from None
            failure = failure_of(refusal, "GET", self._repository)
            if isinstance(failure, Transient):
                raise failure from None
            raise NeedsSomebody(
                f"no token for the GitHub App's installation {self._installation_id}: {failure}"
            ) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise no_connection(error, "GET") from None
        return _lasting(answer), str(answer["token"])


def _lasting(answer: Any) -> float:
    """Until when a token is used, as seconds since 1970.

    Raises:
        Transient: the answer holds no token.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("token"), str):
        raise Transient("what answers is no GitHub: it gave no token")
    try:
        ends_at = datetime.fromisoformat(answer["expires_at"])
        return (ends_at - _RENEWED_BEFORE).timestamp()
    except (KeyError, TypeError, ValueError):
        return time.time() + 1800
