"""`[secrets]`: what nobody may see. Here is what a secret may look like; where it comes from is `secret_lookup.py`.

No check here quotes a value, and none of pydantic's errors does either (see `Section`).
"""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from aiops_daemon.settings.kinds import refuse
from aiops_daemon.settings.section import Section
from aiops_daemon.settings.texts import OptionalText
from aiops_daemon.settings.urls import is_loopback, split

NAMES = (
    "anthropic_api_key",
    "discord_webhook_url",
    "discord_security_webhook_url",
    "github_token",
    "github_app_private_key",
    "github_webhook_secret",
    "server_token",
)
"""The secrets there are; also the names of their systemd credentials."""

_DISCORD_HOSTS = frozenset(
    prefix + host for host in ("discord.com", "discordapp.com") for prefix in ("", "ptb.", "canary.")
)
_WEBHOOK_PATH = re.compile(r"/api(?:/v[0-9]{1,2})?/webhooks/[0-9]+/([A-Za-z0-9_-]+)/?")


def _secret(check: Callable[[str], str]) -> BeforeValidator:
    def checked(value: object) -> SecretStr | None:
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if value is None:
            return None
        if not isinstance(value, str):
            raise refuse("it is not a text", "a text")
        stripped = value.strip()
        return SecretStr(check(stripped)) if stripped else None

    return BeforeValidator(checked)


def _token(text: str) -> str:
    """A value that goes into a header: a line break in it would let it add headers of its own."""
    if not all("!" <= character <= "~" for character in text):
        raise refuse(
            "it holds a space, a line break or a character outside ASCII", "printable ASCII without spaces"
        )
    return text


def _phrase(text: str) -> str:
    if not text.isprintable():
        raise refuse("it holds a line break or a control character", "a text of one line")
    return text


def _private_key(text: str) -> str:
    if not re.fullmatch(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s.*\s-----END [A-Z ]*PRIVATE KEY-----", text, re.DOTALL
    ):
        raise refuse("it is not a private key", "a private key in PEM form (-----BEGIN ... PRIVATE KEY-----)")
    return text


def _webhook(text: str) -> str:
    allowed = "https://discord.com/api/webhooks/<id>/<token>, or a URL on a loopback address"
    parts = split(text)
    if parts is None or parts.hostname is None or not all("!" <= character <= "~" for character in text):
        raise refuse("it is not a URL", allowed)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise refuse("it holds a user name, a password or a part after '#'", allowed)
    if is_loopback(parts.hostname) and parts.scheme in {"http", "https"}:
        return text
    if parts.scheme != "https" or parts.hostname not in _DISCORD_HOSTS or parts.port not in {None, 443}:
        raise refuse("it does not lead to Discord by https", allowed)
    if parts.query or not _WEBHOOK_PATH.fullmatch(parts.path):
        raise refuse("it is not the address of a Discord webhook", allowed)
    return text.rstrip("/")


Token = Annotated[SecretStr | None, _secret(_token)]
Phrase = Annotated[SecretStr | None, _secret(_phrase)]
PrivateKey = Annotated[SecretStr | None, _secret(_private_key)]
Webhook = Annotated[SecretStr | None, _secret(_webhook)]


class SecretSettings(Section):
    """The secrets, and the files that they may be read from (relative to the configuration file)."""

    anthropic_api_key: Token = Field(default=None, description="key of the Claude API")
    discord_webhook_url: Webhook = Field(
        default=None, description="webhook of the channel for alerts and digests"
    )
    discord_security_webhook_url: Webhook = Field(
        default=None,
        description="webhook of the channel for security alerts; without it the ordinary one, marked",
    )
    github_token: Token = Field(default=None, description="token for issues, pull requests and pushes")
    github_app_private_key: PrivateKey = Field(
        default=None, description="private key (PEM) of the GitHub App"
    )
    github_webhook_secret: Phrase = Field(
        default=None, description="secret that GitHub signs its webhooks with"
    )
    server_token: Token = Field(default=None, description="token that the daemon's own HTTP server asks for")

    anthropic_api_key_file: OptionalText = Field(
        default="", description="file that holds `anthropic_api_key`"
    )
    discord_webhook_url_file: OptionalText = Field(
        default="", description="file that holds `discord_webhook_url`"
    )
    discord_security_webhook_url_file: OptionalText = Field(
        default="", description="file that holds `discord_security_webhook_url`"
    )
    github_token_file: OptionalText = Field(default="", description="file that holds `github_token`")
    github_app_private_key_file: OptionalText = Field(
        default="", description="file that holds `github_app_private_key`"
    )
    github_webhook_secret_file: OptionalText = Field(
        default="", description="file that holds `github_webhook_secret`"
    )
    server_token_file: OptionalText = Field(default="", description="file that holds `server_token`")

    def all_values(self) -> tuple[str, ...]:
        """Every raw text that must never be seen, for the redactor. A webhook's token counts by itself, too."""
        values: list[str] = []
        for name in NAMES:
            secret: SecretStr | None = getattr(self, name)
            if secret is None:
                continue
            values.append(secret.get_secret_value())
            if name.endswith("_webhook_url") and (parts := split(values[-1])):
                found = _WEBHOOK_PATH.fullmatch(parts.path)
                values.extend(found.groups() if found else ())
        return tuple(values)
