"""Apollo's people search: an ideal customer profile as filters, cut into searches that can be read whole."""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt
from typing import TYPE_CHECKING, Any

from ingestion.apollo_records import readable_found
from ingestion.jobs import Job
from ingestion.paging import listed, whole
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.config import Icp

PAGE = 100
LAST_PAGE = 500
"""Apollo shows at most 500 pages of a search, 50,000 people; it refuses to be asked for more."""

PATHS = {"api": "/mixed_people/api_search", "legacy": "/mixed_people/search"}
EMPLOYEES = "organization_num_employees_ranges"
TAGS = "q_organization_keyword_tags"
DOMAINS = "q_organization_domains_list"
LISTS = (
    "person_seniorities",
    "organization_locations",
    "person_titles",
    TAGS,
    "currently_using_any_of_technology_uids",
)
"""Filters that any one value of suffices for: halves of such a list find together whom the list finds."""

Search = dict[str, Any]


def filters(icp: Icp) -> Search:
    """Return an ICP as Apollo's search filters; what the search cannot ask for is left to the score."""
    body: Search = {
        "person_titles": list(icp.titles),
        "person_seniorities": [seniority.lower() for seniority in icp.seniorities],
        "organization_locations": list(icp.countries),
        "currently_using_any_of_technology_uids": [
            technology.lower().replace(" ", "_") for technology in icp.technologies
        ],
        TAGS: [tag.lower() for tag in (*icp.industries, *icp.keywords)],
    }
    if icp.employees:
        body[EMPLOYEES] = [f"{icp.employees.min},{icp.employees.max}"]
    return {name: value for name, value in body.items() if value}


def split(search: Search) -> list[Search]:
    """Return two searches that together find whom `search` finds; none where it cannot be split.

    The number of employees first, about its geometric mean, as small companies are many; then the lists.
    """
    if ranges := search.get(EMPLOYEES):
        low, _, high = ranges[0].partition(",")
        middle = min(isqrt(int(low) * int(high)), int(high) - 1)
        if int(low) <= middle:
            return [
                {**search, EMPLOYEES: [f"{low},{middle}"]},
                {**search, EMPLOYEES: [f"{middle + 1},{high}"]},
            ]
    for name in LISTS:
        values = search.get(name, [])
        if len(values) > 1:
            half = len(values) // 2
            return [{**search, name: values[:half]}, {**search, name: values[half:]}]
    return []


class Reading:
    """One client's search under way; `left` and `page` say where it goes on, `seen` how many were found."""

    def __init__(self, job: Job, client: str, left: list[Search], page: int = 1) -> None:
        """Begin with page `page` of the first of the searches `left`."""
        self.client, self.left, self.page, self.seen = client, left, page, 0
        self._job = job

    def pages(self) -> Iterator[list[Json]]:
        """Yield the people found, page by page, once each page is in the spool; splits what is too large."""
        job, limit = self._job, self._job.request.limit
        while self.left:
            people, total = self._ask()
            if self.page == 1:
                if total is not None and total > PAGE * LAST_PAGE and self._splits(total):
                    continue
                job.spool.said("people_search", total)
            is_last = len(people) < PAGE or self.page == LAST_PAGE
            people = people if limit is None else people[: limit - self.seen]
            self.seen += len(people)
            job.spool.add("people_search", people, {"$client": self.client})
            self.page += 1
            if is_last:
                self.left.pop(0)
                self.page = 1
            if self.seen == limit:
                self.left.clear()
            yield [readable_found(one) if isinstance(one, dict) else one for one in people]

    def _ask(self) -> tuple[list[Json], int | None]:
        """Return one page and how many there are in all; a person stands in either of the legacy's arrays."""
        job = self._job
        where = f"{job.where}: search"
        answer = job.client.post(
            PATHS[job.account.search], {**self.left[0], "page": self.page, "per_page": PAGE}
        )
        people = listed(answer, "people", where)
        if job.account.search == "api":
            return people, whole(answer.get("total_entries"))
        paging = answer.get("pagination")
        total = whole(paging.get("total_entries")) if isinstance(paging, dict) else None
        return [*people, *listed(answer, "contacts", where)], total

    def _splits(self, total: int) -> bool:
        """Put two smaller searches in the place of the first; note where that is not possible."""
        parts = split(self.left[0])
        if parts:
            self.left[:1] = parts
            return True
        self._job.notes.append(
            f"{self._job.where}: {total:,} people fit one search for client {self.client}, Apollo shows"
            f" {PAGE * LAST_PAGE:,}; the rest is not read until the client's icp is narrower"
        )
        return False
