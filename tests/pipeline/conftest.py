"""State databases for tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from pipeline.state import open_state
from warehouse import Warehouse


@pytest.fixture
def state(warehouse: Warehouse, tmp_path: Path) -> Iterator[Engine]:
    """An empty state database of the engine under test: SQLite beside DuckDB, schema ops on PostgreSQL."""
    engine = open_state(warehouse, tmp_path / "state")
    yield engine
    engine.dispose()
