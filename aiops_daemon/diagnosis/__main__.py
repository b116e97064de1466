"""The process that `apart` starts: a question on stdin, the answer on stdout."""

import asyncio
import sys

from aiops_daemon.diagnosis.apart import answer

sys.stdout.buffer.write(asyncio.run(answer(sys.stdin.buffer)))
