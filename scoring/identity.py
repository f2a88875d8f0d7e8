"""Who may be one person although no trusted key says so: new and changed people against those they may be.

A person is compared only with people who share a block with it (a telephone number, or a name at a company);
blocks and pairs are made by the warehouse, the comparison by scoring/identity_model.py. What comes out are
proposals for links, which are decisions: they are kept, and never worked out anew.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingestion.normalise import linkedin_key
from scoring.identity_model import COUNTED, Model, Scored, read_model, score_pairs

if TYPE_CHECKING:
    from warehouse import Connection

BATCH = 10_000
"""People looked at together."""

CROWD = 50
"""A block that more people share says too little to compare them all."""

USUAL = 1_000
"""How many people with the usual frequency of a value are thought to stand beside the pool: counts of a small
pool mean little."""

LOOKED_AT = "ops.people_matched"
FRESH = "ops.match_fresh"
PAIRS = "ops.match_pairs"
TABLES = {
    LOOKED_AT: {"lead_id": "uuid", "traits": "text"},
    FRESH: {"lead_id": "uuid", "traits": "text"},
    PAIRS: {"left_id": "uuid", "right_id": "uuid"},
}
"""Whom the model has looked at, and as what; then the work of one batch."""

_TRAITS = "md5({})".format(
    " || chr(31) || ".join(
        ["cast(? as text)"]
        + [
            f"coalesce(pool.{name}, '')"
            for name in (
                "first_name", "last_name", "email_key", "phone", "company_domain", "company_name", "city",
                "apollo_id", "linkedin_url",
            )
        ]
    )
)  # fmt: skip

_TAKE = f"""
    insert into {FRESH} (lead_id, traits)
    select people.lead_id, people.traits
    from (select pool.lead_id, {_TRAITS} as traits from facts.lead_pool as pool) as people
    left join {LOOKED_AT} as before on people.lead_id = before.lead_id
    where before.traits is null or before.traits <> people.traits
    order by people.lead_id
    limit {BATCH}
"""

_DIGITS = "translate(phone, '+-(). /', '')"


def _plain(text: str | None) -> str | None:
    """Return text without case and accents, None where nothing is left."""
    if text is None:
        return None
    parts = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(char for char in parts if not unicodedata.combining(char)).split()) or None


_PLAIN = {
    char: plain
    for char in map(chr, (*range(0x41, 0x5B), *range(0xC0, 0x180)))
    if (plain := _plain(char)) and len(plain) == 1 and plain != char
}
"""Latin letters that stand for a plainer one; of other alphabets, capitals stay what they are."""


def folded(column: str) -> str:
    """Return SQL for a text without case and accents, the same on every engine.

    Their lower() agree on English letters only; translate() is slow, and spared where there are no others.
    """
    plain = f"translate({column}, '{''.join(_PLAIN)}', '{''.join(_PLAIN.values())}')"
    is_english = f"bit_length({column}) = 8 * length({column})"
    return f'case when {is_english} then lower({column} collate "C") else {plain} end'


_BLOCKS = {
    "phone": (f"right({_DIGITS}, 9)", f"length({_DIGITS}) >= 7"),
    "name": ("first || ' ' || last", "true"),
    "last name": ("last || '@' || company_domain", "true"),
    "first name": ("first || '@' || company_domain", "true"),
    "address": ("split_part(email_key, '@', 1)", "true"),
}
"""What two people must share to be compared: the value of a block, and when it counts."""

_PAIR_UP = f"""
    insert into {PAIRS} (left_id, right_id)
    with people as (
        select
            pool.lead_id, pool.phone, pool.email_key, pool.company_domain,
            {folded("pool.first_name")} as first,
            {folded("pool.last_name")} as last
        from facts.lead_pool as pool
        left join seeds.role_mailboxes as roles on split_part(pool.email_key, '@', 1) = roles.local_part
        where roles.local_part is null
    ),
    blocks as (
        {
    " union all ".join(
        f"select lead_id, '{name}:' || {value} as block from people where {value} is not null and {counts}"
        for name, (value, counts) in _BLOCKS.items()
    )
}
    ),
    wanted as (
        select distinct blocks.block from blocks inner join {FRESH} as fresh on blocks.lead_id = fresh.lead_id
    ),
    usable as (
        select blocks.block
        from blocks inner join wanted on blocks.block = wanted.block
        group by blocks.block
        having count(*) between 2 and {CROWD}
    )
    select distinct least(mine.lead_id, theirs.lead_id), greatest(mine.lead_id, theirs.lead_id)
    from {FRESH} as fresh
    inner join blocks as mine on fresh.lead_id = mine.lead_id
    inner join usable on mine.block = usable.block
    inner join blocks as theirs on usable.block = theirs.block and mine.lead_id <> theirs.lead_id
"""

_COUNTS = "".join(
    f" left join (select {folded(name)} as value, count(*) as people from facts.lead_pool"
    f" group by {folded(name)}) as {name}s on {folded(f'pool.{name}')} = {name}s.value"
    for name in COUNTED
)
_RECORDS = f"""
    with wanted as (select left_id as lead_id from {PAIRS} union select right_id from {PAIRS}),
    keys as (
        select
            lead_keys.lead_id,
            lead_keys.person_key,
            parts.part,
            row_number() over (
                partition by lead_keys.lead_id
                order by lead_keys.first_seen_at, lead_keys.person_key collate "C"
            ) as age
        from intermediate.lead_keys as lead_keys
        inner join wanted on lead_keys.lead_id = wanted.lead_id
        left join ops.person_parts as parts on lead_keys.person_key = parts.person_key
    )
    select
        cast(pool.lead_id as text) as lead_id,
        keys.person_key,
        (select min(parts.part) from keys as parts where parts.lead_id = pool.lead_id) as part,
        pool.first_name, pool.last_name, pool.email_key, pool.phone, pool.company_domain, pool.company_name,
        pool.city, pool.apollo_id, pool.linkedin_url,
        {", ".join(f"{name}s.people as {name}_count" for name in COUNTED)}
    from wanted
    inner join facts.lead_pool as pool on wanted.lead_id = pool.lead_id
    inner join keys on pool.lead_id = keys.lead_id and keys.age = 1
    {_COUNTS}
"""


@dataclass(frozen=True)
class Proposal:
    """Two leads that are one person. left_key, right_key: the oldest key of each, in the order of text."""

    left_key: str
    right_key: str
    probability: float
    version: str


def find_new(connection: Connection) -> Iterator[list[Proposal]]:
    """Yield links of people who are new or have changed, a batch of people at a time.

    A batch counts as looked at when the next one is asked for; keep its proposals before.
    """
    model = read_model()
    for table, columns in TABLES.items():
        connection.create_table(table, columns)
    while True:
        connection.execute(f"delete from {FRESH}")
        connection.execute(_TAKE, [model.version])
        if not connection.scalar(f"select count(*) from {FRESH}"):
            return
        yield _proposals(connection, model)
        with connection.transaction():
            connection.execute(f"delete from {LOOKED_AT} where lead_id in (select lead_id from {FRESH})")
            connection.execute(
                f"insert into {LOOKED_AT} (lead_id, traits) select lead_id, traits from {FRESH}"
            )


def _proposals(connection: Connection, model: Model) -> list[Proposal]:
    connection.execute(f"delete from {PAIRS}")
    connection.execute(_PAIR_UP)
    total = connection.scalar("select count(*) from facts.lead_pool")
    people = {row["lead_id"]: row for row in connection.rows(_RECORDS)}
    pairs = [
        (min(left, right), max(left, right))
        for row in connection.rows(
            f"select cast(left_id as text) as one, cast(right_id as text) as two from {PAIRS}"
        )
        for left, right in [(row["one"], row["two"])]
        if left in people and right in people and may_be_one(people[left], people[right])
    ]
    records = [_record(row, total, model) for _, row in sorted(people.items())]
    return chosen(score_pairs(records, sorted(pairs)), people, model)


def may_be_one(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Say whether nothing stronger than likeness keeps two people apart.

    Two provider ids, two LinkedIn profiles, or two sides of a split by hand do.
    """
    return not any(_differ(left, right, name) for name in ("apollo_id", "linkedin_url", "part"))


def _differ(left: Mapping[str, Any], right: Mapping[str, Any], name: str) -> bool:
    one, two = left[name], right[name]
    if name == "linkedin_url":
        one, two = linkedin_key(one), linkedin_key(two)
    return one is not None and two is not None and one != two


def is_personal(likeness: Mapping[str, str]) -> bool:
    """Say whether a likeness is enough for a link at all, whatever its probability.

    Neither name may differ, and a name at a company is not enough: the address is the same but for a slip, or
    the telephone number is and both names are known, for colleagues share a number. A slip in the domain may
    be another company: then company or city must agree.
    """
    names = [likeness.get("first_name"), likeness.get("last_name")]
    if "other" in names:
        return False
    email, company = likeness.get("email"), likeness.get("company")
    if email in ("exact", "same_domain"):
        return True
    if email == "alike" and company != "other" and {company, likeness.get("city")} & {"exact", "alike"}:
        return True
    return likeness.get("phone") in ("exact", "one_digit_off") and None not in names


def chosen(scored: Sequence[Scored], people: Mapping[str, Mapping[str, Any]], model: Model) -> list[Proposal]:
    """Return the links to make, the surest first; none that would join people who are kept apart."""
    groups = {lead: [lead] for lead in people}
    links = []
    for pair in sorted(scored, key=lambda one: (-one.probability, one.left, one.right)):
        if pair.probability < model.threshold or not is_personal(pair.likeness):
            continue
        left, right = groups[pair.left], groups[pair.right]
        if left is right:
            continue
        if not all(may_be_one(people[one], people[two]) for one in left for two in right):
            continue
        left += right
        groups |= dict.fromkeys(right, left)
        keys = sorted((people[pair.left]["person_key"], people[pair.right]["person_key"]))
        links.append(Proposal(keys[0], keys[1], pair.probability, model.version))
    return links


def _record(row: Mapping[str, Any], total: int, model: Model) -> dict[str, Any]:
    phone = "".join(char for char in row["phone"] or "" if char.isdigit())
    record: dict[str, Any] = {
        "unique_id": row["lead_id"],
        "first_name": _plain(row["first_name"]),
        "last_name": _plain(row["last_name"]),
        "email": row["email_key"],
        "phone": phone[-9:] if len(phone) >= 7 else None,
        "company": _plain(row["company_domain"] or row["company_name"]),
        "city": _plain(row["city"]),
    }
    for name in COUNTED:
        usual = next(level["u"] for level in model.comparisons[name] if level["level"] == "exact")
        record[f"tf_{name}"] = ((row[f"{name}_count"] or 0) + USUAL * usual) / (total + USUAL)
    return record
