"""Who sits at this machine, for the ledger, the lock and decisions."""

from __future__ import annotations

import getpass
import os


def user() -> str:
    """Return the user's name; the number where a container's user has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
