"""`python -m aiops_daemon` is `aiops-daemon`."""

import sys

from aiops_daemon.cli import main

sys.exit(main())
