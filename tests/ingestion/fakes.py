"""A job over a client that answers from a table, for what the sandbox does not show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from ingestion.http import ProviderClient
from ingestion.jobs import Cursor, Job, LoadRequest
from ingestion.limits import Budget
from ingestion.sources import contracts
from ingestion.spool import Spool
from ingestion.values import Json
from pipeline.config import Config
from tests.ingestion.conftest import NIGHT, MemoryAnswers

Responder = Callable[[str, str, Mapping[str, Any]], Json]


class FakeClient:
    """Answers `responder(method, path, parameters or body)` and notes what was asked."""

    def __init__(self, responder: Responder) -> None:
        """Keep the responder."""
        self.budget: Budget | None = None
        self.paused: list[float] = []
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self._responder = responder

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Json:
        """See ProviderClient."""
        self.asked.append((path, params or {}))
        return self._responder("GET", path, params or {})

    def text(
        self, path: str, params: Mapping[str, Any] | None = None, *, accept: str
    ) -> tuple[str, Mapping[str, str]]:
        """See ProviderClient."""
        self.asked.append((path, params or {}))
        found: tuple[str, Mapping[str, str]] = self._responder(accept, path, params or {})
        return found

    def pause(self, seconds: float) -> None:
        """See ProviderClient."""
        self.paused.append(seconds)

    def post(self, path: str, body: Json, params: object = None, *, idempotent: bool = True) -> Json:
        """See ProviderClient."""
        self.asked.append((path, body))
        return self._responder("POST", path, body)


def job(
    source: str,
    config: Config,
    folder: Path,
    responder: Responder,
    *,
    cursor: Cursor | None = None,
    landed: list[dict[str, Any]] | None = None,
    answers: MemoryAnswers | None = None,
    **request: datetime | int | None,
) -> tuple[Job, FakeClient]:
    """Return a job for the first account of `source`, and its client."""
    account = config.sources.accounts(source)[0]
    client = FakeClient(responder)
    made = Job(
        source=source,
        account=account,
        config=config,
        request=LoadRequest(run_at=NIGHT, state_dir=folder, **cast(Any, request)),
        spool=Spool(folder, contracts(source), account.name, NIGHT),
        cursor=cursor or {},
        answers=answers or MemoryAnswers(),
        client=cast(ProviderClient, client),
        landed=lambda _sql, _params: landed or [],
    )
    return made, client


def hurried(made: Job, pages: int) -> Job:
    """Return the job with its time up once it has looked at the clock so often."""
    left = iter(range(pages - 1, -1, -1))
    return replace(made, seconds_left=lambda: float(next(left, 0)))


def spooled(made: Job, table: str) -> list[dict[str, Any]]:
    """Return the rows that a job put into a table, without duplicates."""
    made.spool.close()
    return [row for batch in made.spool.tables(table) for row in batch.to_pylist()]
