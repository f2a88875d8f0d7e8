"""An order for one client's pool, filled from Apollo: found by the best search first, bought in tens."""

from __future__ import annotations

from ingestion.apollo_buying import AT_ONCE, PEOPLE, buy_ten
from ingestion.apollo_records import is_worth_buying
from ingestion.apollo_search import Reading
from ingestion.jobs import Job
from ingestion.orders import PoolOrder
from ingestion.paging import moment
from ingestion.values import Json


def fill(job: Job, order: PoolOrder) -> None:
    """Search and buy until the order is filled, the searches are exhausted or the cap is reached."""
    mapped = job.account.mapped_clients()
    if mapped and order.client not in mapped:
        return
    left = job.account.enrich_cap
    for search in order.searches:
        reading = Reading(job, order.client, [dict(search)])
        for page in reading.pages():
            left -= _buy_page(job, order, page, left)
            if order.missing <= 0:
                return
            if left <= 0:
                job.notes.append(
                    f"{job.where}: enrich_cap {job.account.enrich_cap} is used up; raise it to buy more"
                )
                return
            if job.is_late:
                job.notes.append(f"{job.where}: the time was up before the order was filled; call again")
                return


def _buy_page(job: Job, order: PoolOrder, page: list[Json], cap: int) -> int:
    """Buy those of a page who are new, no more than wanted; return how many were asked for."""
    rows = {str(row["id"]): row for row in page if isinstance(row, dict) and row.get("id")}
    fresh = {name: row for name, row in rows.items() if name not in order.found}
    order.found |= set(fresh)
    order.without_email |= {name for name, row in fresh.items() if not is_worth_buying(row)}
    candidates = [name for name in fresh if name not in order.without_email]
    known = job.answers.known(PEOPLE, candidates)
    order.known |= set(known)
    new = [name for name in candidates if name not in known]
    roomy = [name for name in new if order.has_room_at(_company(rows[name]))]
    order.crowded |= set(new) - set(roomy)
    chosen = [(name, moment(rows[name].get("last_refreshed_at"))) for name in roomy]
    asked = 0
    while chosen and order.missing > 0 and asked < cap and not job.is_late:
        ten = chosen[: min(AT_ONCE, order.missing, cap - asked)]
        chosen = chosen[len(ten) :]
        for name, match in buy_ten(job, ten).items():
            (order.bought if match is not None else order.misses).add(name)
        asked += len(ten)
    return asked


def _company(row: dict[str, Json]) -> str | None:
    organization = row.get("organization")
    name = organization.get("name") if isinstance(organization, dict) else row.get("organization_name")
    return name if isinstance(name, str) else None
