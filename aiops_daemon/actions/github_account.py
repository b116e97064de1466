"""The account on GitHub that is in force: one client for everything that files, follows or pushes."""

from __future__ import annotations

from aiops_daemon.clients.github import GitHub
from aiops_daemon.clients.github_tokens import AppInstallation, Fixed, GhLogin, Missing, TokenSource
from aiops_daemon.live import files_issues
from aiops_daemon.settings import GithubAuth, Settings

NO_TOKEN = "there is no token for GitHub: set the secret github_token, or github.auth"  # noqa: S105 - it says that there is none


def tokens_of(settings: Settings) -> TokenSource:
    """Where the token comes from, as `github.auth` says."""
    wanted, secrets = settings.github, settings.secrets
    if wanted.auth is GithubAuth.GH:
        return GhLogin(wanted.api_url)
    if wanted.auth is GithubAuth.APP:
        key = secrets.github_app_private_key
        if key is None:
            return Missing("there is no key for the GitHub App: set the secret github_app_private_key")
        return AppInstallation(
            wanted.app_id, wanted.installation_id, key.get_secret_value(), wanted.api_url, wanted.repository
        )
    token = secrets.github_token
    return Missing(NO_TOKEN) if token is None else Fixed(token.get_secret_value())


class GithubAccount:
    """Holds the client, and makes a new one after a reload that brings another account."""

    def __init__(self) -> None:
        self._held: tuple[object, GitHub] | None = None

    async def client(self, settings: Settings) -> GitHub | None:
        """The client, or None where nothing is filed."""
        if not files_issues(settings):
            return None
        wanted, secrets = settings.github, settings.secrets
        identity = (
            wanted.repository,
            wanted.api_url,
            wanted.auth,
            wanted.app_id,
            wanted.installation_id,
            secrets.github_token,
            secrets.github_app_private_key,
        )
        if self._held is None or self._held[0] != identity:
            await self.close()
            self._held = identity, GitHub(wanted.repository, wanted.api_url, tokens_of(settings))
        return self._held[1]

    async def close(self) -> None:
        """Close the connections."""
        if self._held is not None:
            await self._held[1].close()
            self._held = None
