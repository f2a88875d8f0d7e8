"""Pipedrive: organizations, persons, deals with their changes, activities, and what was deleted.

The lists of version 2 are read by their update time from the cursor on. They do not show what was deleted,
deals apart, and the changes of a deal cannot be asked for in batches; for both there is only version 1. Every
request costs tokens of a daily budget that the whole company shares: where it does not last for the changes
of all deals, the rest is read on the nights after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ingestion.cursors import Reading, keep, moved, start_of
from ingestion.errors import TerminalError, TransientError
from ingestion.http import ProviderClient
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Budget, Limit, limits_of
from ingestion.paging import iso, moment
from ingestion.pipedrive_records import (
    CHANGES,
    DELETIONS,
    OBJECTS,
    RECENTS,
    RESOURCES,
    V2,
    PipedriveObject,
    changes_path,
    tokens,
)
from ingestion.sweeps import PostponedError, sweep
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.accounts import Account

BASE_URL = "https://api.pipedrive.com"
DEFAULT_LIMITS = (Limit(20, 2),)
"""The burst limit of the smallest plan; `rate_limits` replaces it."""

DEFAULT_TOKENS = 24_000
"""Four fifths of what the smallest plan has for one seat and day; `daily_tokens` replaces it."""

PAGE = 500
OVERLAP = timedelta(hours=1)
"""What changed shortly before the last read is read again."""

STAGE, STATUS = "stage_id", "status"


def client_for(account: Account, key: str) -> ProviderClient:
    """Open a client for an account."""
    return ProviderClient(
        f"pipedrive account {account.name}",
        account.base_url or BASE_URL,
        secret=key,
        headers={"x-api-token": key},
        limits=limits_of(account, DEFAULT_LIMITS),
        budget=Budget(account.daily_tokens or DEFAULT_TOKENS, tokens),
    )


@dataclass
class Names:
    """What ids stand for. stages: id → (name, pipeline id); industries: option id → label.

    linkedin: codes of the custom fields that hold a person's LinkedIn profile.
    """

    stages: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    pipelines: dict[str, str] = field(default_factory=dict)
    industries: dict[str, str] = field(default_factory=dict)
    linkedin: tuple[str, ...] = ()

    def of_stage(self, stage: Json, prefix: str = "") -> dict[str, Json]:
        """Return the names of a stage and its pipeline as a context."""
        name, pipeline = self.stages.get(str(stage), (None, None))
        return {
            f"${prefix}stage": name,
            f"${prefix}pipeline_id": pipeline,
            f"${prefix}pipeline": self.pipelines.get(str(pipeline)),
        }

    def beside(self, kind: str, row: Mapping[str, Json]) -> dict[str, Json]:
        """Return what is known beside a record of `kind`."""
        if kind == "deals":
            found = self.of_stage(row.get(STAGE))
            return {**found, "$pipeline": self.pipelines.get(str(row.get("pipeline_id")))}
        if kind == "organizations":
            return {"$industry": self.industries.get(str(row.get("industry")))}
        if kind == "persons":
            custom = row.get("custom_fields")
            values = [custom.get(code) for code in self.linkedin] if isinstance(custom, dict) else []
            return {"$linkedin": next((value for value in values if isinstance(value, str) and value), None)}
        return {}


def read(job: Job) -> Cursor:
    """Read names, then every kind of object, then what was deleted, then as many changes as may be."""
    cursor = dict(job.cursor)
    budget = _open_budget(job)
    names = read_names(job)
    due: dict[str, datetime] = {}
    for kind in OBJECTS:
        readings = {_part(path, more): Reading(is_whole=False) for path, more in kind.lists}
        for rows in changed(job, kind, readings):
            if kind.name == "deals":
                due |= deals_to_follow(job, rows)
                for row in _objects(rows):
                    if row.get("is_deleted"):
                        due.pop(str(row.get("id")), None)
            for row in rows:
                beside = names.beside(kind.name, row) if isinstance(row, dict) else {}
                job.spool.add(kind.name, [row], beside)
        keep(job, cursor, kind.name, readings, OVERLAP)
    deleted = read_deletions(job)
    if (until := moved(job, "deletions", job.request.run_at)) is not None:
        cursor["deletions"] = until
    swept = {kind.name: partial(all_ids, job, kind) for kind in OBJECTS}
    sweep(job, cursor, swept, {kind.name: deleted.get(kind.item, ()) for kind in OBJECTS})
    cursor["changes_from"] = read_changes(job, names, {**waiting_deals(job), **due})
    cursor["tokens"] = {"day": _day(job), "spent": _spent_before(job) + (budget.spent if budget else 0)}
    return cursor


def changed(
    job: Job, kind: PipedriveObject, readings: Mapping[str, Reading] | None = None
) -> Iterator[list[Json]]:
    """Yield pages of records by update time, from the cursor (or `since`) on, of every list that has some.

    readings: note how far each list is read; when the time is up, the rest is left to the next run.
    """
    until, limit = job.request.until, job.request.limit
    taken = 0
    for path, more in kind.lists:
        reading = (readings or {}).get(_part(path, more), Reading())
        since = start_of(job, kind.name, OVERLAP, _part(path, more))
        asked = {
            **more,
            "sort_by": "update_time",
            "sort_direction": "asc",
            "updated_since": _whole_seconds(since),
            "updated_until": _whole_seconds(until),
        }
        for rows in pages(job, path, asked):
            rows = rows if limit is None else rows[: limit - taken]
            taken += len(rows)
            for row in rows:
                reading.saw(_updated(row))
            if rows:
                yield rows
            if limit is not None and taken >= limit:
                return
            if len(rows) == PAGE and job.is_late:
                job.notes.append(
                    f"{job.where}: {taken:,} {kind.name} read by the end of the time; the next run goes on"
                )
                return
        reading.is_whole = True


def pages(job: Job, path: str, asked: Mapping[str, Any]) -> Iterator[list[Json]]:
    """Yield the pages of a list that ends with a cursor that is null."""
    after: str | None = None
    while True:
        answer = job.client.get(path, {**asked, "limit": PAGE, "cursor": after})
        yield listed_rows(answer, f"{job.where}: {path}")
        following = (answer.get("additional_data") or {}).get("next_cursor")
        if following is None:
            return
        if following == after:
            raise TransientError(f"{job.where}: {path}: the list goes round in a circle at {after!r}")
        after = following


def listed_rows(answer: Json, where: str) -> list[Json]:
    """Return the records of a page; where there are none, Pipedrive may say null instead of an empty list."""
    found = answer.get("data") if isinstance(answer, dict) else None
    if isinstance(found, list):
        return found
    if found is None and isinstance(answer, dict) and answer.get("success") is True:
        return []
    said = answer.get("error") if isinstance(answer, dict) else None
    raise TransientError(f"{where}: expected a list in the answer, got {said or 'none'}")


def all_ids(job: Job, kind: PipedriveObject) -> Iterator[list[str]]:
    """Yield the ids of all records that are not deleted."""
    budget = job.client.budget
    for path in kind.live_lists:
        found = pages(job, path, {})
        while True:
            if budget is not None and not budget.affords(path):
                raise PostponedError("the day's tokens did not last")
            rows = next(found, None)
            if rows is None:
                break
            yield [str(row["id"]) for row in _objects(rows) if row.get("id")]


def _part(path: str, more: Mapping[str, str]) -> str:
    """Name a list in the cursor."""
    return "/".join((path, *more.values()))


def read_names(job: Job) -> Names:
    """Read pipelines, stages and the fields whose meaning differs from account to account."""
    names = Names()
    for row in job.landed(
        "select stages.id, stages.name, stages.pipeline_id, pipelines.name as pipeline"
        " from raw_pipedrive.stages as stages left join raw_pipedrive.pipelines as pipelines"
        " on pipelines.account = stages.account and pipelines.id = stages.pipeline_id"
        " and pipelines._dlt_valid_to is null"
        " where stages.account = ? and stages._dlt_valid_to is null",
        [job.account.name],
    ):  # those that were deleted since are in no list, but deals went through them
        names.stages[row["id"]] = (row["name"], row["pipeline_id"])
        names.pipelines[row["pipeline_id"]] = row["pipeline"]
    for rows in pages(job, f"{V2}/pipelines", {}):
        job.spool.add("pipelines", rows)
        names.pipelines |= {str(row["id"]): str(row.get("name")) for row in _objects(rows) if "id" in row}
    for rows in pages(job, f"{V2}/stages", {}):
        job.spool.add("stages", rows)
        for row in _objects(rows):
            if "id" in row:
                names.stages[str(row["id"])] = (row.get("name"), str(row.get("pipeline_id")))
    names.linkedin = tuple(
        str(row.get("field_code"))
        for rows in pages(job, f"{V2}/personFields", {})
        for row in _objects(rows)
        if row.get("is_custom_field") and "linkedin" in str(row.get("field_name")).lower()
    )
    for rows in pages(job, f"{V2}/organizationFields", {}):
        for row in _objects(rows):
            if row.get("field_code") == "industry":
                names.industries |= {str(o["id"]): o["label"] for o in row.get("options") or [] if "id" in o}
    return names


def deals_to_follow(job: Job, rows: Sequence[Json]) -> dict[str, datetime]:
    """Return the deals of a page whose stage or status may have changed since they last landed.

    A deal that nothing has happened to has no changes, and one that was deleted has none any more.
    """
    deals = {str(row["id"]): row for row in _objects(rows) if row.get("id") and not row.get("is_deleted")}
    held = _held_deals(job, list(deals))
    found: dict[str, datetime] = {}
    for deal_id, row in deals.items():
        created, updated = moment(row.get("add_time")), _updated(row)
        state = (_text(row.get(STAGE)), _text(row.get(STATUS)), moment(row.get("stage_change_time")))
        is_new = deal_id not in held and created != updated
        if updated is not None and (is_new or (deal_id in held and held[deal_id] != state)):
            found[deal_id] = updated
    return found


def waiting_deals(job: Job) -> dict[str, datetime]:
    """Return the landed deals whose changes the budget of the nights before did not allow."""
    since = moment(job.cursor.get("changes_from"))
    if since is None:
        return {}
    rows = job.landed(
        "select id, updated_at from raw_pipedrive.deals where account = ? and _dlt_valid_to is null"
        " and updated_at >= ? and updated_at > created_at and not coalesce(is_deleted, false)",
        [job.account.name, since],
    )
    return {row["id"]: row["updated_at"] for row in rows}


def read_changes(job: Job, names: Names, due: Mapping[str, datetime]) -> str | None:
    """Read what happened to deals, oldest first, while the budget lasts; return where it ended, if it did."""
    for number, deal_id in enumerate(sorted(due, key=lambda one: (due[one], one))):
        path = changes_path(deal_id)
        is_spent = job.client.budget is not None and not job.client.budget.affords(path)
        if is_spent or job.is_late:
            job.postponed("deals' changes", number, len(due) - number)
            return iso(due[deal_id])
        try:
            rows = [row for page in pages(job, path, {}) for row in page]
        except TerminalError as error:
            if error.status in (404, 410):
                continue  # deleted while this load was reading
            raise
        for row in rows:
            job.spool.add(CHANGES.name, [row], _change_context(names, deal_id, row))
    return None


def _change_context(names: Names, deal_id: str, row: Json) -> dict[str, Json]:
    context: dict[str, Json] = {"$deal_id": deal_id}
    if isinstance(row, dict) and row.get("field_key") == STAGE:
        context |= names.of_stage(row.get("old_value"), "old_")
        context |= names.of_stage(row.get("new_value"), "new_")
    return context


def read_deletions(job: Job) -> dict[str, set[str]]:
    """Read which records were deleted since the cursor; return all that are known to be, item → ids.

    The first load has nothing that could have been.
    """
    since = start_of(job, "deletions", OVERLAP)
    if since is None:
        return {}
    known = {kind.item: _held_deletions(job, kind) for kind in OBJECTS}
    deleted = {item: set(ids) for item, ids in known.items()}
    asked = {"since_timestamp": f"{since:%Y-%m-%d %H:%M:%S}", "items": ",".join(known), "limit": PAGE}
    start: int | None = 0
    while start is not None:
        answer = job.client.get(RECENTS, {**asked, "start": start})
        for row in _objects(listed_rows(answer, f"{job.where}: {RECENTS}")):
            if row.get("item") in known and _is_gone(row.get("data")):
                noticed = known[row["item"]].get(str(row.get("id")), job.request.run_at)
                deleted[row["item"]].add(str(row.get("id")))
                job.spool.add(DELETIONS.name, [row], {"$noticed_at": noticed})
        paging = (answer.get("additional_data") or {}).get("pagination") or {}
        following = paging.get("next_start") if paging.get("more_items_in_collection") else None
        start = following if following is None or following > start else None
    return deleted


def _is_gone(data: Json) -> bool:
    if isinstance(data, dict):
        return data.get("active_flag") is False or data.get("deleted") is True
    return data is None


def _held_deletions(job: Job, kind: PipedriveObject) -> dict[str, datetime]:
    """Return id → since when a record is known to be deleted, unless it came back since."""
    rows = job.landed(
        "select gone.id, gone.noticed_at from raw_pipedrive.deletions as gone"
        f" left join raw_pipedrive.{kind.name} as held on held.account = gone.account and held.id = gone.id"
        " and held._dlt_valid_to is null"
        " where gone.account = ? and gone.item = ? and gone._dlt_valid_to is null"
        " and (held.id is null or held.loaded_at <= gone.loaded_at)",
        [job.account.name, kind.item],
    )
    return {row["id"]: row["noticed_at"] for row in rows}


def _held_deals(job: Job, ids: Sequence[str]) -> dict[str, tuple[str | None, str | None, datetime | None]]:
    if not ids:
        return {}
    rows = job.landed(
        "select id, stage_id, status, stage_changed_at from raw_pipedrive.deals"
        f" where account = ? and _dlt_valid_to is null and id in ({', '.join('?' for _ in ids)})",
        [job.account.name, *ids],
    )
    return {row["id"]: (row["stage_id"], row["status"], row["stage_changed_at"]) for row in rows}


def _open_budget(job: Job) -> Budget | None:
    """Take off what the account's earlier loads of the same day have spent."""
    budget = job.client.budget
    if budget is not None:
        budget.told(budget.left - _spent_before(job))
    return budget


def _spent_before(job: Job) -> int:
    before = job.cursor.get("tokens") or {}
    return int(before.get("spent", 0)) if before.get("day") == _day(job) else 0


def _day(job: Job) -> str:
    return job.request.run_at.date().isoformat()


def _whole_seconds(value: datetime | None) -> str | None:
    """Write a moment as the lists take it: with fractions of a second they refuse it."""
    return None if value is None else f"{value:%Y-%m-%dT%H:%M:%SZ}"


def _updated(row: Json) -> datetime | None:
    return moment(row.get("update_time") or row.get("add_time")) if isinstance(row, dict) else None


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _objects(rows: Sequence[Json]) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict)]


SOURCE = Source("pipedrive", RESOURCES, client_for, read)
