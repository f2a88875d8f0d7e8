"""HubSpot's associations: who is linked with whom, and where that is not as the warehouse holds it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ingestion.hubspot_records import HubspotObject, contact_of
from ingestion.jobs import Job
from ingestion.paging import batches, listed
from ingestion.values import Json

ASSOCIATIONS_AT_ONCE = 1_000


def associations(job: Job, source: str, target: str, ids: Sequence[str]) -> dict[str, list[Json]]:
    """Return record id → its associations to `target`, as [{id, labels}] in ascending order of id."""
    found: dict[str, list[Json]] = {}
    path = f"/crm/v4/associations/{source}/{target}/batch/read"
    for chunk in batches(ids, ASSOCIATIONS_AT_ONCE):
        inputs: list[dict[str, str]] = [{"id": record_id} for record_id in chunk]
        while inputs:
            answer = job.client.post(path, {"inputs": inputs})
            inputs = []
            for row in listed(answer, "results", f"{job.where}: {path}"):
                from_id = str(row["from"]["id"])
                found.setdefault(from_id, []).extend(contact_of(link) for link in row.get("to") or [])
                after = ((row.get("paging") or {}).get("next") or {}).get("after")
                if after:
                    inputs.append({"id": from_id, "after": after})
    for links in found.values():
        links.sort(key=lambda link: (len(link["id"]), link["id"]))
    return found


def held_links(job: Job, kind: HubspotObject, ids: Sequence[str]) -> dict[str, dict[str, Json]]:
    """Return record id → target → associations, as the current versions of records hold them."""
    if not ids or not kind.associated:
        return {}
    marks = ", ".join("?" for _ in ids)
    rows = job.landed(
        f"select id, {', '.join(kind.associated)} from raw_hubspot.{kind.name}"
        f" where account = ? and _dlt_valid_to is null and id in ({marks})",
        [job.account.name, *ids],
    )
    return {
        row["id"]: {target: json.loads(row[target]) for target in kind.associated if row[target]}
        for row in rows
    }


def regrouped(job: Job, kind: HubspotObject, ids: Sequence[str]) -> Iterator[str]:
    """Yield those of the held records whose associations are no longer those that are held."""
    held = held_links(job, kind, ids)
    if not held:
        return
    links = {target: associations(job, kind.name, target, list(held)) for target in kind.associated}
    for record_id, known in held.items():
        if any(links[target].get(record_id, []) != known.get(target, []) for target in kind.associated):
            yield record_id
