"""What every kind of test may ask for."""

import ctypes
import os

import pytest
from hypothesis import HealthCheck, settings

# A noisy machine is slow now and then; that is no finding.
settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy")

_VERSION_3 = 0x20080522
_OVERRIDES = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, in the first of two words


@pytest.fixture
def modes_count():
    """File modes hold for root, too: this thread gives up the right to read what it may not, for one test.

    https://man7.org/linux/man-pages/man2/capset.2.html
    """
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    before, without = (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, before) == 0
    without[:] = before[:]
    without[0] &= ~_OVERRIDES  # effective; permitted stays, so that it can be taken back
    assert libc.capset(header, without) == 0
    yield
    assert libc.capset(header, before) == 0
