"""dbt, in this process: one parse a run, results as values, and no handle left open behind it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.dbt_tests import declared, declared_keys, touched_rows_only
from pipeline.errors import RunError
from warehouse import Warehouse
from warehouse.publication import Declared

PROJECT_DIR = Path(__file__).resolve().parent.parent
"""The repository root is the dbt project."""

GLOBAL_FLAGS = (
    "--log-level",
    "none",
    "--no-version-check",
    "--no-send-anonymous-usage-stats",
    "--no-use-colors",
    "--no-write-json",
)
GOOD = frozenset({"success", "pass", "warn", "no-op"})

Done = Callable[[int, int], None]
"""Called with how many nodes are done and how many there are."""


@dataclass(frozen=True)
class NodeResult:
    """What became of a node. status: success, pass, warn, fail, error or skipped; rows: -1 where unknown."""

    unique_id: str
    kind: str
    name: str
    status: str
    rows: int
    seconds: float
    message: str
    severity: str

    @property
    def is_good(self) -> bool:
        """Whether nothing has to be done about it."""
        return self.status in GOOD


@dataclass(frozen=True)
class Model:
    """A model as the project declares it. touched, key: of an incremental one, see macros/incremental.sql.

    parents: unique ids of the nodes that it reads. withheld: columns whose meta says `client_visible: false`,
    which no client may read; None where the model's own says it.
    """

    unique_id: str
    name: str
    relation: str
    materialized: str
    folder: str
    is_published: bool
    touched: str | None
    key: str | None
    parents: tuple[str, ...] = ()
    withheld: frozenset[str] | None = frozenset()


CHOSEN, LEFT_OUT = "chosen", "left_out"
HOOK = "operation"
"""What dbt calls a hook; one that fails, such as the contracts', is an exception."""


@contextmanager
def tagged(manifest: Any, tag: str, wanted: Callable[[Any], bool]) -> Iterator[list[str]]:
    """Yield the criterion that selects the models and seeds that are wanted, or none where none is.

    dbt looks through all nodes for every criterion, and matches paths slowly; one tag takes it no time.
    """
    kinds = ("model", "seed")
    nodes = [node for node in manifest.nodes.values() if node.resource_type in kinds and wanted(node)]
    for node in nodes:
        node.tags.append(tag)
    try:
        yield [f"tag:{tag}"] if nodes else []
    finally:
        for node in nodes:
            node.tags.remove(tag)


@contextmanager
def selection(manifest: Any, select: Sequence[str], exclude: Sequence[str]) -> Iterator[list[str]]:
    """Yield the arguments that select. select: dbt's criteria; folders of the project (`path:F`) are tagged.

    exclude: what of them is left out: names of models, and dbt's own criteria with a colon.
    """
    paths = {one: one.removeprefix("path:").rstrip("/") for one in select if one.startswith("path:")}
    folders = tuple(f"{path}/" for path in paths.values() if (PROJECT_DIR / path).is_dir())
    criteria = [one for one in select if f"{paths.get(one)}/" not in folders]
    names = {one for one in exclude if ":" not in one}
    others = [one for one in exclude if ":" in one]
    with (
        tagged(manifest, CHOSEN, lambda node: node.original_file_path.startswith(folders)) as chosen,
        tagged(manifest, LEFT_OUT, lambda node: node.name in names) as left_out,
    ):
        excluding = [*others, *left_out]
        yield ["--select", *criteria, *chosen, *(["--exclude", *excluding] if excluding else [])]


class Project:
    """The dbt project against one warehouse."""

    def __init__(
        self, warehouse: Warehouse, state_dir: Path, key_salt: str, *, has_checks: bool = True
    ) -> None:
        """Nothing is parsed before it is needed. state_dir: where dbt keeps its artifacts and log.

        has_checks: whether its tests are run when somebody asks for it.
        """
        self._warehouse = warehouse
        self._state_dir = state_dir
        self._key_salt = key_salt
        self._has_checks = has_checks
        self._manifest: Any = None
        self._copies: dict[str, Project] = {}

    def of_copy(self, warehouse: Warehouse, *, has_checks: bool) -> Project:
        """Return the project against a scratch copy; the same one again, since it has to be parsed apart."""
        kept = self._copies.get(warehouse.schema_prefix)
        if kept is None or kept._has_checks != has_checks:
            kept = Project(warehouse, self._state_dir, self._key_salt, has_checks=has_checks)
            self._copies[warehouse.schema_prefix] = kept
        return kept

    def models(self) -> tuple[Model, ...]:
        """Return every enabled model of the project."""
        return tuple(
            _model(node)
            for node in self._parsed().nodes.values()
            if node.resource_type == "model" and node.package_name == "winnow"
        )

    def build(
        self,
        select: Sequence[str],
        *,
        exclude: Sequence[str] = (),
        full_refresh: bool = False,
        on_done: Done | None = None,
    ) -> tuple[NodeResult, ...]:
        """Build the selected nodes without their tests; return what became of each. Raises RunError.

        exclude: what of `select` is left out.
        """
        arguments = ["build", "--exclude-resource-types", "test", "unit_test"]
        arguments += ["--full-refresh"] if full_refresh else []
        with selection(self._parsed(), select, exclude) as selecting:
            return self._results([*arguments, *selecting], on_done)

    def test(
        self,
        select: Sequence[str],
        *,
        exclude: Sequence[str] = (),
        whole: Container[str] | None = None,
        on_done: Done | None = None,
    ) -> tuple[NodeResult, ...]:
        """Run the tests of the selected nodes; return what became of each. Raises RunError.

        They come after all models, because dbt skips what is built from a model whose test failed: what fails
        is the gate's to judge, over tables that are all there. Unit tests are left out: they look at code. A
        test runs once all the models that it looks at are there.

        whole: names of tests that look at all rows although rows can be told apart; None: all tests do.
        """
        if not self._has_checks:
            return ()
        arguments = ["test", "--exclude-resource-types", "unit_test", "--indirect-selection", "buildable"]
        manifest = self._parsed()
        with (
            selection(manifest, select, exclude) as selecting,
            touched_rows_only(manifest, whole) if whole is not None else nullcontext(),
        ):
            return self._results([*arguments, *selecting], on_done)

    def manifest(self) -> Any:
        """Return the project as dbt has read it: its manifest."""
        return self._parsed()

    def keys(self) -> dict[str, tuple[str, ...]]:
        """Return model → the columns that name its rows, as its tests declare them; see `declared_keys`."""
        return declared_keys(self._parsed())

    def declared(self) -> dict[str, Declared]:
        """Return model → its key, the values of its columns and its indexes; see `dbt_tests.declared`."""
        return declared(self._parsed())

    def tested_by(self, tests: Container[str]) -> set[str]:
        """Return the models and sources that tests of these names look at."""
        return {
            parent.rsplit(".", 1)[-1]
            for node in self._parsed().nodes.values()
            if node.resource_type == "test" and node.name in tests
            for parent in node.depends_on.nodes
        }

    def _results(self, arguments: list[str], on_done: Done | None) -> tuple[NodeResult, ...]:
        outcome = self._invoke(arguments, self._parsed(), on_done)
        if outcome.result is None:
            raise RunError(f"dbt could not build: {_why(outcome)}; more in {self._log_dir / 'dbt.log'}")
        results = (_result(item) for item in outcome.result.results)
        return tuple(result for result in results if result.kind != HOOK)

    @property
    def _target_path(self) -> Path:
        """Where dbt keeps what it parsed; a scratch copy's apart, since other vars mean another parse."""
        return self._state_dir / "dbt" / f"{self._warehouse.schema_prefix}{self._warehouse.target}"

    @property
    def _vars(self) -> dict[str, str]:
        prefix = self._warehouse.schema_prefix
        own = {"key_salt": self._key_salt, "run_by": "winnow"}
        return own | ({"schema_prefix": prefix} if prefix else {})

    @property
    def _log_dir(self) -> Path:
        return self._state_dir / "logs"

    def _parsed(self) -> Any:
        if self._manifest is None:
            self._manifest = self._parse()
        return self._manifest

    def _parse(self) -> Any:
        """Return dbt's manifest of the project; seconds of work."""
        outcome = self._invoke(["parse"], None, None)
        if outcome.result is None:
            raise RunError(f"dbt could not read the project: {_why(outcome)}")
        return outcome.result

    def _invoke(self, arguments: list[str], manifest: Any, on_done: Done | None) -> Any:
        from dbt.cli.main import dbtRunner

        where = self._warehouse.profile.directory
        arguments = [
            *arguments,
            *GLOBAL_FLAGS,
            *("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(where)),
            *("--target", self._warehouse.target),
            *("--target-path", str(self._target_path)),
            *("--log-path", str(self._log_dir)),
            *("--vars", json.dumps(self._vars)),
        ]
        self._state_dir.mkdir(parents=True, exist_ok=True)
        os.environ["PGTZ"] = "UTC"  # the zone of the sessions that dbt-postgres opens
        callbacks = [_listener(on_done)] if on_done else []
        try:
            with _folder(where):
                outcome = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(arguments)
        finally:
            self._warehouse.release()
        if isinstance(outcome.exception, KeyboardInterrupt):  # dbt keeps it to itself
            raise outcome.exception
        return outcome


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Work in `path`: dbt starts relative paths of a profile there."""
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


def _listener(on_done: Done) -> Callable[[Any], None]:
    """Count finished nodes; dbt says beforehand how many there will be."""
    done, total = 0, 0

    def listen(event: Any) -> None:
        nonlocal done, total
        if event.info.name == "ConcurrencyLine":
            total = int(event.data.node_count)
        elif event.info.name == "NodeFinished":
            done += 1
            on_done(done, max(done, total))

    return listen


def _why(outcome: Any) -> str:
    return " ".join(str(outcome.exception or "it gave no reason").split())


def _result(item: Any) -> NodeResult:
    node = item.node
    affected = (item.adapter_response or {}).get("rows_affected", -1)
    failures = item.failures if item.failures is not None else affected
    return NodeResult(
        unique_id=node.unique_id,
        kind=str(node.resource_type),
        name=node.name,
        status=str(item.status),
        rows=int(failures) if failures is not None else -1,
        seconds=float(item.execution_time or 0),
        message=" ".join(str(item.message or "").split()),
        severity=str(getattr(node.config, "severity", "error")).lower(),
    )


def _model(node: Any) -> Model:
    config = node.config
    return Model(
        unique_id=node.unique_id,
        name=node.name,
        relation=f"{node.schema}.{node.alias}",
        materialized=str(config.materialized),
        folder="/".join(node.fqn[1:-1]),
        is_published=bool((config.meta or {}).get("published")),
        touched=config.extra.get("touched") if hasattr(config, "extra") else config.get("touched"),
        key=config.unique_key if isinstance(config.unique_key, str) else None,
        parents=tuple(node.depends_on.nodes),
        withheld=_withheld(node),
    )


def _withheld(node: Any) -> frozenset[str] | None:
    if (node.config.meta or {}).get("client_visible") is False:
        return None
    return frozenset(
        column.name
        for column in node.columns.values()
        if {**column.meta, **column.config.meta}.get("client_visible") is False
    )
