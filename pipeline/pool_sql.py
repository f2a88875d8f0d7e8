"""What the pool says of people: who is accepted, who is suppressed for a client; on every engine."""

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

NEEDED = ("facts.lead_pool", "facts.lead_clients", "facts.deals", "facts.clients", "intermediate.lead_keys")
"""Tables without which nobody is in the pool yet."""

_JUDGED = """
with blocked as (
    select
        domain_key as domain,
        cast(null as text) as email
    from intermediate.int_suppressions
    where
        domain_key is not null and (client is null or client = ?)
        and (expires_on is null or expires_on > cast(? as date))
    union
    select
        cast(null as text) as domain,
        email_key as email
    from intermediate.int_suppressions
    where
        email_key is not null and (client is null or client = ?)
        and (expires_on is null or expires_on > cast(? as date))
    union
    select
        value as domain,
        cast(null as text) as email
    from ops.client_icps
    where kind = 'competitor' and client = ?
    union
    select
        customers.domain_key as domain,
        cast(null as text) as email
    from facts.customers as customers
    inner join facts.clients as clients on customers.client_id = clients.client_id
    where clients.client = ?
    union
    select
        companies.domain,
        cast(null as text) as email
    from facts.deals as deals
    inner join facts.clients as clients on deals.client_id = clients.client_id
    left join facts.lead_pool as pool on deals.lead_id = pool.lead_id
    inner join facts.companies as companies
        on coalesce(deals.company_id, pool.company_id) = companies.company_id
    where
        clients.client = ? and deals.deleted_at is null and companies.domain is not null
        and coalesce(deals.stage, 'qualification') <> 'closed_lost'
),

judged as (
    select
        pool.lead_id,
        pool.company_id,
        pool.company_name,
        pool.company_domain,
        pool.confidence,
        pool.email is null as is_without_email,
        pool.is_bounced or pool.is_unsubscribed
        or exists (
            select 1 from blocked
            where blocked.email = pool.email_key
                or blocked.domain in (pool.company_domain, split_part(pool.email_key, '@', 2))
        ) as is_suppressed,
        pool.email is not null and coalesce(pool.email_status, 'unknown') <> 'invalid'
        and pool.confidence >= 70
        and pool.first_name is not null and pool.last_name is not null
        and coalesce(pool.company_name, pool.company_domain) is not null as is_accepted
    from facts.lead_pool as pool
    where pool.lead_id in ({which})
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

JUDGE_PARAMETERS = 7
"""The client, but for the second and the fourth, which are the day."""


def of_people(count: int) -> str:
    """Return the query for the people behind `count` person keys, given after the judge's parameters."""
    marks = ", ".join("?" for _ in range(count))
    return _JUDGED.format(which=f"select lead_id from intermediate.lead_keys where person_key in ({marks})")


def never_contacted() -> str:
    """Return the query for everybody found for the client (one more parameter) whom nobody ever contacted."""
    return _JUDGED.format(
        which="""
        select pairs.lead_id
        from facts.lead_clients as pairs
        inner join facts.clients as clients on pairs.client_id = clients.client_id
        where
            clients.client = ? and pairs.touch_count = 0
            and not exists (
                select 1 from facts.assignments as owners where owners.lead_id = pairs.lead_id
            )
    """
    )
