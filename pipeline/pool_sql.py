"""What the pool says of people: who is accepted, who is suppressed for a client; on every engine.

Who is suppressed is what the last answers say. A round of buying builds facts alone: people who are new in it
are held against the addresses and domains that are on lists.
"""

from __future__ import annotations

WON_INDUSTRIES = """
    select companies.industry, count(*) as deal_count
    from facts.deals as deals
    inner join facts.clients as clients on deals.client_id = clients.client_id
    left join facts.lead_pool as pool on deals.lead_id = pool.lead_id
    inner join facts.companies as companies
        on coalesce(deals.company_id, pool.company_id) = companies.company_id
    where
        clients.client = ? and deals.stage = 'closed_won' and deals.deleted_at is null
        and companies.industry is not null
    group by companies.industry
    order by 2 desc, companies.industry collate "C"
    limit 5
"""
"""The industries of a client's won deals, most frequent first."""

ANSWERED = "answers.send_eligibility"
"""What says who may be written to, from the first answers on."""

NEEDED = ("facts.lead_pool", "facts.lead_clients", "facts.deals", "facts.clients", "intermediate.lead_keys")
"""Tables without which nobody is in the pool yet."""

_LISTED = """
    select
        listed.domain,
        listed.email
    from answers.suppressions as listed
    cross join asked
    left join facts.clients as clients on listed.client_id = clients.client_id
    where
        (listed.client_id is null or clients.client = asked.client)
        and (listed.expires_on is null or listed.expires_on > asked.day)
"""

_LEFT_ALONE = """
    select codes.lead_id
    from answers.send_eligibility as codes
    cross join asked
    inner join facts.clients as clients on codes.client_id = clients.client_id
    where clients.client = asked.client and codes.campaign_id is null and codes.about = 'person'
"""

_LISTED_BEFORE_ANSWERS = """
    select
        listed.domain_key as domain,
        listed.email_key as email
    from intermediate.int_suppressions as listed
    cross join asked
    where
        (listed.client is null or listed.client = asked.client)
        and (listed.expires_on is null or listed.expires_on > asked.day)
    union all
    select
        competitors.value as domain,
        cast(null as text) as email
    from ops.client_icps as competitors
    cross join asked
    where competitors.kind = 'competitor' and competitors.client = asked.client
    union all
    select
        buyers.domain,
        cast(null as text) as email
    from intermediate.int_client_purchases as buyers
    cross join asked
    inner join facts.clients as clients on buyers.client_id = clients.client_id
    where clients.client = asked.client
"""
"""What answers.suppressions is made of, where no reply was read yet."""

_NOBODY = "select lead_id from facts.lead_pool where false"

_JUDGED = """
with asked as (
    select
        cast(? as text) as client,
        cast(? as date) as day
),

listed as (
    {listed}
),

suppressed as (
    select lead_id
    from facts.lead_pool
    where is_bounced or is_unsubscribed
    union
    select lead_keys.lead_id
    from listed
    inner join intermediate.lead_keys as lead_keys on 'email:' || listed.email = lead_keys.person_key
    union
    select pool.lead_id
    from listed
    inner join facts.lead_pool as pool on listed.domain = pool.company_domain
    union
    select pool.lead_id
    from listed
    inner join facts.lead_pool as pool on listed.domain = split_part(pool.email_key, '@', 2)
    union
    {left_alone}
),

judged as (
    select
        pool.lead_id,
        pool.company_id,
        pool.company_name,
        pool.company_domain,
        pool.confidence,
        pool.email is null as is_without_email,
        suppressed.lead_id is not null as is_suppressed,
        pool.email is not null and coalesce(pool.email_status, 'unknown') <> 'invalid'
        and pool.confidence >= 70
        and pool.first_name is not null and pool.last_name is not null
        and coalesce(pool.company_name, pool.company_domain) is not null as is_accepted
    from facts.lead_pool as pool
    left join suppressed on pool.lead_id = suppressed.lead_id
    where pool.lead_id in ({people})
)

select
    cast(judged.lead_id as text) as lead_id,
    cast(judged.company_id as text) as company_id,
    judged.company_name,
    judged.company_domain,
    judged.confidence,
    judged.is_without_email,
    judged.is_suppressed,
    judged.is_accepted and not judged.is_suppressed as is_ready
from judged
order by judged.confidence desc nulls last, judged.lead_id
"""

NEVER_CONTACTED = """
    select pairs.lead_id
    from facts.lead_clients as pairs
    cross join asked
    inner join facts.clients as clients on pairs.client_id = clients.client_id
    where
        clients.client = asked.client and pairs.touch_count = 0
        and not exists (
            select 1 from facts.assignments as owners where owners.lead_id = pairs.lead_id
        )
"""
"""Everybody found for the client whom nobody ever contacted."""


def of_people(count: int) -> str:
    """Return the people behind `count` person keys, which are the query's last parameters."""
    marks = ", ".join("?" for _ in range(count))
    return f"select lead_id from intermediate.lead_keys where person_key in ({marks})"


def judge(people: str, *, has_answers: bool) -> str:
    """Return the query that judges people; its first parameters are the client and the day.

    people: NEVER_CONTACTED or of_people(…). has_answers: whether answers were ever built; else what they are
    made of is read.
    """
    return _JUDGED.format(
        listed=_LISTED if has_answers else _LISTED_BEFORE_ANSWERS,
        left_alone=_LEFT_ALONE if has_answers else _NOBODY,
        people=people,
    )
