"""Locks that a forked process can go on with.

A fork copies a lock as it stands, and nobody in the new process releases what another thread held in the old one. So a
fork waits for these locks, and what they protect is whole in both processes.
"""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager

__all__ = ["lock"]


def lock() -> AbstractContextManager[bool]:
    """Return a lock for the life of the process. A thread that has it may take it again, as a signal handler may do."""
    made = threading.RLock()
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(before=made.acquire, after_in_parent=made.release, after_in_child=made.release)
    return made
