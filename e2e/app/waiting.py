"""Waits that depend on progress: a busy machine is slow, and only a standstill is a failure.

A wait ends badly where nothing has moved for a long while, or after a time that no machine needs.
"""

from __future__ import annotations

import random
import socket
import subprocess
import time
from collections.abc import Callable

# Without any progress.
QUIET = 120.0
# Whatever moves.
OVERALL = 900.0
# What one call of a client may take before it counts as never answered.
CALL = 300.0


class Failure(Exception):
    """What was not as expected."""


def until(
    what: str,
    ready: Callable[[], object],
    progress: Callable[[], object] | None = None,
    quiet: float = QUIET,
    pause: float = 0.2,
) -> None:
    """Wait for something, and say what did not come.

    `progress` returns what moves while there is hope, such as a process's CPU time and log.
    """
    begun = moved = time.monotonic()
    seen = progress() if progress else None
    while not ready():
        now = time.monotonic()
        if now - begun > OVERALL:
            raise Failure(f"{what} is not there after {OVERALL:.0f} s")
        if progress is not None:
            found = progress()
            if found != seen:
                seen, moved = found, now
            elif now - moved > quiet:
                raise Failure(f"{what} is not there, and nothing has moved for {quiet:.0f} s")
        time.sleep(pause)


def ended(
    what: str,
    process: subprocess.Popen[bytes],
    progress: Callable[[], object],
    quiet: float = QUIET,
) -> int:
    """Wait for the end of a process, and return its exit code."""
    until(f"the end of {what}", lambda: process.poll() is not None, progress, quiet, 0.05)
    return process.returncode


def free_port() -> int:
    """Return a port that nobody listens on, and that the kernel gives to no client."""
    for port in random.sample(range(15000, 32000), 100):
        with socket.socket() as opened:
            try:
                opened.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Failure("no port is free")
