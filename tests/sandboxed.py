"""The sandbox for a test: an agency's providers on loopback, and their keys in the environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sandbox.model import Agency
    from sandbox.server import Server


@contextmanager
def sandboxed(agency: Agency, as_of: datetime, speed: float, **options: Any) -> Iterator[Server]:
    """Serve `agency` as it stood at a moment, with the variables that its winnow.yml names."""
    from sandbox.config import environment
    from sandbox.server import serve

    with serve(agency, as_of=as_of, speed=speed, **options) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(agency, server.url).items():
            patch.setenv(name, value)
        yield server
