"""Takes secrets and personal data out of any log-shaped text; whatever stores or sends text comes through here first.

Not for deciding what is sent or how long it may be, and not for making text safe to show (mentions, links,
control characters): that belongs to whoever renders it.
"""

from aiops_daemon.redaction.placeholders import Placeholders
from aiops_daemon.redaction.redactor import EXCERPT_INPUT_CHARACTERS, Redaction, Redactor

__all__ = ["EXCERPT_INPUT_CHARACTERS", "Placeholders", "Redaction", "Redactor"]
