"""Tries every credential, path, tool and permission for real, as the daemon would use them, and says what to do.

Nothing is sent to people and nothing is changed but for files of its own that it removes again. What the configuration
doesn't ask for is not tried, and says so.
"""

from aiops_daemon.doctor.check import Check
from aiops_daemon.doctor.examine import examine

__all__ = ["Check", "examine"]
