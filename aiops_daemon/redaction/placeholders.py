"""The names that stand where something was taken out: stable within one incident, meaningless outside it.

Not for finding anything: it is given a kind and a value and answers with a name.
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from aiops_daemon.redaction.patterns import compiled

# A log that holds a thousand addresses must not make the state of its incident grow without end.
NUMBERS_PER_KIND: Final = 64
DIGEST_HEX: Final = 16

_PLACEHOLDERS = compiled(
    rb"(?:<(?:[A-Z][A-Z_]*_[1-9][0-9]?"
    rb"|REDACTED|ADDRESS|API_KEY|BIRTHDATE|CARD|COOKIE|CREDENTIAL|EMAIL|IP|JWT|OTP|PASSWORD|PERSON|PHONE|PRIVATE_KEY"
    rb"|RRN|SECRET|SESSION|TOKEN|WEBHOOK|ACCOUNT)>)+"
)


class Placeholders:
    """The names that one incident gives to what was taken out: the same value, the same name."""

    def __init__(self, key: bytes, known: Mapping[str, Sequence[str]] | None = None) -> None:
        self.key = key
        self._digests: dict[str, dict[str, int]] = {
            kind: {digest: number for number, digest in enumerate(digests[:NUMBERS_PER_KIND], start=1)}
            for kind, digests in (known or {}).items()
        }

    @classmethod
    def fresh(cls) -> "Placeholders":
        """Names under a new random key, for an incident that has none yet."""
        return cls(secrets.token_bytes(16))

    def name(self, kind: str, value: str) -> str:
        """What stands for `value`: `<EMAIL_1>`, or `<EMAIL>` once a kind has used up its numbers."""
        # Keyed, because the digests are stored: a plain hash of a phone number is found by trying them all.
        message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(self.key, message, "sha256").hex()[:DIGEST_HEX]
        numbers = self._digests.setdefault(kind, {})
        number = numbers.get(digest)
        if number is None:
            if len(numbers) >= NUMBERS_PER_KIND:
                return f"<{kind}>"
            number = numbers[digest] = len(numbers) + 1
        return f"<{kind}_{number}>"

    def known(self) -> dict[str, list[str]]:
        """The digests per kind, in the order of their numbers: what `known` takes after a restart."""
        return {kind: list(numbers) for kind, numbers in self._digests.items()}


def is_placeholder(value: bytes) -> bool:
    """Whether a value consists of names given earlier and of nothing else."""
    return value.startswith(b"<") and _PLACEHOLDERS.fullmatch(value) is not None
