"""What loading tests share: a configuration, a store of paid answers in memory, one call that loads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingestion.answers import Answer
from ingestion.jobs import LoadReport, LoadRequest
from ingestion.load import completed_loads, ensure_tables, load_source
from pipeline.config import Config, load_config
from pipeline.dbt import Project
from pipeline.operations import set_loads_to_build, write_operations
from tests.sandboxed import sandboxed
from warehouse import Warehouse

if TYPE_CHECKING:
    from sandbox import Agency, Server

NIGHT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


class MemoryAnswers:
    """Paid answers in a list, as durable as the test."""

    def __init__(self) -> None:
        """Start with none."""
        self.rows: list[tuple[str, str, Answer]] = []

    def known(self, provider: str, keys: Sequence[str]) -> Mapping[str, datetime | None]:
        """See PaidAnswers."""
        wanted = set(keys)
        return {a[0]: a[1] for source, _, a in self.rows if source == provider and a[0] in wanted}

    def commit(self, provider: str, account: str, answers: Iterable[Answer]) -> None:
        """See PaidAnswers."""
        self.rows += [(provider, account, answer) for answer in answers]

    def after(self, provider: str, account: str, seq: int) -> Iterator[tuple[int, str, str]]:
        """See PaidAnswers."""
        for number, (source, owner, answer) in enumerate(self.rows, start=1):
            if number > seq and (source, owner) == (provider, account):
                yield number, answer[0], answer[2]


Loader = Callable[..., LoadReport]


@pytest.fixture
def answers() -> MemoryAnswers:
    """An empty store of paid answers."""
    return MemoryAnswers()


@pytest.fixture
def load(warehouse: Warehouse, tmp_path: Path, answers: MemoryAnswers) -> Loader:
    """`load(source, config, run_at=…, files_dir=…)` into the warehouse under test."""
    return loader(warehouse, tmp_path, answers)


def loader(warehouse: Warehouse, folder: Path, answers: MemoryAnswers) -> Loader:
    """Return a function that loads a source; its state is kept in `folder`/state."""

    def run(source: str, config: Config | None = None, **request: Any) -> LoadReport:
        request.setdefault("run_at", NIGHT)
        asked = LoadRequest(state_dir=folder / "state", **request)
        return load_source(source, config or agency(), warehouse, answers, asked)

    return run


def stage(warehouse: Warehouse, folder: Path, config: Config, *sources: str) -> None:
    """Build the staging views of `sources` (default: all), with their tests."""
    ensure_tables(warehouse)
    with warehouse.connect() as connection:
        write_operations(connection, config, "run", NIGHT)
        set_loads_to_build(connection, completed_loads(connection))
    project = Project(warehouse, folder / "state", "salt")
    paths = [f"path:models/staging/{source}" for source in sources] or ["path:models/staging"]
    models, tests = project.build(paths), project.test(paths)
    assert models
    assert tests
    results = (*models, *tests)
    assert [result for result in results if not result.is_good] == []


def agency(**sources: list[dict[str, Any]]) -> Config:
    """A configuration of one client and the given accounts a source."""
    return Config.model_validate(
        {
            "agency": {"name": "Test"},
            "clients": [
                {"id": "acme", "name": "Acme", "icp": {"titles": ["CEO"], "countries": ["Germany"]}},
            ],
            "sources": {name: {"accounts": accounts} for name, accounts in sources.items()},
        }
    )


def write(folder: Path, **files: str) -> Path:
    """Write `people_csv="…"` as folder/people.csv and so on; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(text, encoding="utf-8")
    return folder


def rows(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query as tuples."""
    with warehouse.connect(read_only=True) as connection:
        return [tuple(row.values()) for row in connection.rows(sql)]


SPEED = 1_000.0
"""How much faster than real the sandbox's rate windows pass in these tests."""


@pytest.fixture(scope="session")
def simulated() -> Agency:
    """A small simulated agency."""
    from sandbox import Params, simulate

    return simulate(Params(leads=80, days=30, clients=2))


@contextmanager
def served(agency: Agency, folder: Path, **options: Any) -> Iterator[tuple[Server, Config]]:
    """Serve the agency as it stands at the end of its history, with the winnow.yml for it."""
    from sandbox import config_yaml

    options.setdefault("as_of", agency.params.start + timedelta(days=agency.params.days))
    with sandboxed(agency, speed=SPEED, **options) as server:
        path = folder / "winnow.yml"
        path.write_text(config_yaml(agency, speed=SPEED), encoding="utf-8")
        yield server, load_config(path)
