"""A client's ICP against the words of the pool: industries, countries and competitors' domains.

Each distinct word is read once, here, because engines disagree on the lower case of what is not ASCII; the
score then joins on the word exactly as it stands in the pool.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from ingestion.normalise import domain_key

if TYPE_CHECKING:
    from warehouse import Connection

TABLE = "scoring.als_words"
COLUMNS = {"client_id": "uuid", "kind": "text", "word": "text", "match": "text"}

Match = tuple[str, str, str, str]


def folded(text: str) -> str:
    """Return `text` without case, accents and doubled spaces, "&" as "and": what is compared."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("&", " and ")
    return " ".join(plain.split())


def country_match(country: str, wanted: Iterable[str]) -> str | None:
    """Say how `country` fits the ICP's countries: in_icp, same_language (of any of them), or None."""
    names, languages = _countries()
    own = names.get(folded(country), folded(country))
    targets = {names.get(folded(name), folded(name)) for name in wanted}
    if own in targets:
        return "in_icp"
    shared = languages[own] & set().union(*(languages[target] for target in targets))
    return "same_language" if shared else None


@lru_cache(maxsize=1)
def _countries() -> tuple[dict[str, str], defaultdict[str, set[str]]]:
    """Return name or alias → country, and country → languages."""
    import yaml

    document = yaml.safe_load((files(__package__) / "languages.yml").read_text())
    names = {folded(alias): country for country, body in document.items() for alias in body["also"]}
    languages = defaultdict(set, {country: set(body["languages"]) for country, body in document.items()})
    return names | {country: country for country in document}, languages


def write_words(connection: Connection) -> int:
    """Replace scoring.als_words by the pool's words that mean something to a client; return how many."""
    icps: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    listed = connection.rows(
        "select clients.client_id, icps.kind, icps.value from ops.client_icps as icps"
        " inner join facts.clients as clients on icps.client = clients.client"
        " where icps.kind in ('industry', 'country', 'competitor') and icps.value is not null"
    )
    for row in listed:
        icps[str(row["client_id"]), row["kind"]].add(row["value"])
    matches: set[Match] = set()
    if icps:
        industries = _pool_words(connection, "industry")
        countries = _pool_words(connection, "coalesce(company_country, country)")
        for (client_id, kind), wanted in icps.items():
            matches |= _matches(client_id, kind, wanted, industries if kind == "industry" else countries)
    return connection.replace(TABLE, COLUMNS, sorted(matches))


def _pool_words(connection: Connection, expression: str) -> list[str]:
    found = connection.rows(f"select distinct {expression} as word from facts.lead_pool")
    return [row["word"] for row in found if row["word"] is not None]


def _matches(client_id: str, kind: str, wanted: set[str], words: Iterable[str]) -> set[Match]:
    if kind == "competitor":
        domains = {domain_key(value) for value in wanted}
        return {(client_id, kind, domain, "competitor") for domain in domains if domain}
    if kind == "industry":
        targets = {folded(value) for value in wanted}
        return {(client_id, kind, word, "in_icp") for word in words if folded(word) in targets}
    found = {(word, country_match(word, wanted)) for word in words}
    return {(client_id, kind, word, match) for word, match in found if match}
