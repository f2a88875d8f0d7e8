"""The report page: one self-contained HTML file over what is published and what the run did."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.summary import RunSummary
    from warehouse import Warehouse

__all__ = ["write_report"]


def write_report(
    warehouse: Warehouse,
    config: Config,
    summary: RunSummary,
    path: Path,
    *,
    connected: Collection[str] | None = None,
) -> None:
    """Write the page to `path`, whole or not at all; it loads nothing from anywhere.

    connected: sources and source tables that can fill the score's signals (see scoring.als.reachable); None:
    those of winnow.yml and of the run. Raises WarehouseError when nothing was ever published.
    """
    from pipeline.report.page import render
    from pipeline.report.published import read_report

    with warehouse.published(config.state_dir) as reader:
        data = read_report(reader, config, summary, connected)
    page = render(data, cache_dir=config.state_dir / "cache")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(page, encoding="utf-8")
    draft.replace(path)
