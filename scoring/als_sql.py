"""The one statement that scores every pair of lead and client, on every engine, in whole numbers.

Read it from the top: who is scored (`pairs`), what each signal gives before weights (`fired`), what the
components make of it (`components`), what is left after weights, floor and cap (`totals`).
"""

from __future__ import annotations

from collections.abc import Iterable

from scoring.als_columns import (
    ACTIVITY,
    EMAIL_STATUSES,
    SCORE_COLUMNS,
    SENIORITIES,
    SIGNALS,
    TITLE_GROUPS,
    WEIGHTED,
)


def quotient(number: str, divisor: str) -> str:
    """Return SQL for number / divisor without its fraction; `/` divides a multiple, so it is exact."""
    return f"cast((({number}) - mod(({number}), {divisor})) / {divisor} as integer)"


def _choice(value: str, prefix: str, options: Iterable[str], otherwise: str) -> str:
    branches = " ".join(f"when '{option}' then points.{prefix}_{option}" for option in options)
    return f"case {value} {branches} else {otherwise} end"


def _flag(condition: str, points: str) -> str:
    return f"case when {condition} then points.{points} else 0 end"


def _attribute(relation: str, name: str) -> str:
    return f"(cast({relation}.attributes as json) ->> '{name}')"


def _count(relation: str, name: str) -> str:
    """Return SQL for an attribute read as a whole number ("1,200", "500+", "12.0"); null where it is none."""
    text = f"split_part(translate({_attribute(relation, name)}, ',+ ', ''), '.', 1)"
    is_number = f"translate({text}, '0123456789', '') = '' and length({text}) between 1 and 9"
    return f"case when {is_number} then cast({text} as integer) end"


def _day(relation: str, name: str) -> str:
    """Return SQL for an attribute read as an ISO date or time; null where it is none."""
    text = _attribute(relation, name)
    is_day = (
        f"translate(substr({text}, 1, 10), '0123456789', '') = '--' and length({text}) >= 10"
        f" and substr({text}, 1, 2) in ('19', '20')"
        f" and substr({text}, 5, 1) = '-' and substr({text}, 8, 1) = '-'"
        f" and cast(substr({text}, 6, 2) as integer) between 1 and 12"
        f" and cast(substr({text}, 9, 2) as integer) between 1 and 31"
    )
    first = f"cast(substr({text}, 1, 7) || '-01' as date)"
    return f"case when {is_day} then {first} + (cast(substr({text}, 9, 2) as integer) - 1) end"


def _until(column: str, limit: str) -> str:
    return f"cast({column} + points.limit_{limit} * interval '1 month' as date)"


def _sum(parts: Iterable[str]) -> str:
    return " + ".join(parts)


def _known() -> str:
    """Return SQL for the weighted points that the signals with data could give at most."""
    conditions = {
        "data_quality": {
            "email": "has_email",
            "phone": "has_phone",
            "linkedin": "has_linkedin",
            "personal_email": "has_personal_email",
        },
        "authority": {"title": "has_authority"},
        "company_fit": {
            "industry": "has_industry",
            "employees": "employees is not null",
            "country": "has_country",
        },
        "timing": {
            "role": "role_on is not null",
            "hiring": "is_hiring is not null",
            "funding": "funding_on is not null",
        },
        "risk": {"risk": "true"},
    }
    return _sum(
        f"case when {flag} then points.max_{signal} * points.factor_{component} else 0 end"
        for component, signals in conditions.items()
        for signal, flag in signals.items()
    )


def score_statement(target: str) -> str:
    """Return `insert into target (SCORE_COLUMNS) select …`.

    Its parameters: the day of the run (UTC) and the time of the run.
    """
    gained = {
        name: quotient(f"components.{name} * points.factor_{component}", "points.divisor")
        for name, (component, _) in SIGNALS.items()
        if component in WEIGHTED
    }
    gained |= {name: f"components.{name}" for name, (group, _) in SIGNALS.items() if group == "boost"}
    total = f"{_sum(f'{name} * points.factor_{name}' for name in WEIGHTED)} + boosts * points.divisor"
    members = {
        component: _sum(name for name, (group, _) in SIGNALS.items() if group == component)
        for component in WEIGHTED
    }
    is_connected = "connections >= points.limit_activity_connections"
    is_followed = "company_followers >= points.limit_activity_company_followers"
    return f"""
insert into {target} ({", ".join(SCORE_COLUMNS)})
with points as (select * from scoring.als_points where is_current),

icps as (
    select
        clients.client_id,
        max(case when icps.kind = 'employees_min' then cast(icps.value as bigint) end) as employees_min,
        max(case when icps.kind = 'employees_max' then cast(icps.value as bigint) end) as employees_max,
        max(case when icps.kind = 'industry' then 1 else 0 end) = 1 as has_industries,
        max(case when icps.kind = 'country' then 1 else 0 end) = 1 as has_countries
    from ops.client_icps as icps
    inner join facts.clients as clients on icps.client = clients.client
    group by clients.client_id
),

purchases as (
    select client_id, domain_key as domain, coalesce(purchase_count, 1) as purchases, 0 as deals,
        service_count as services, average_value as paid, 1 as payments
    from facts.customers
    union all
    select deals.client_id, coalesce(companies.domain, lead_pool.company_domain), 0, count(*),
        0, sum(deals.value), count(deals.value)
    from facts.deals as deals
    left join facts.companies as companies on deals.company_id = companies.company_id
    left join facts.lead_pool as lead_pool on deals.lead_id = lead_pool.lead_id
    where deals.stage = 'closed_won' and deals.deleted_at is null
    group by deals.client_id, coalesce(companies.domain, lead_pool.company_domain), deals.currency
),

buyers as (
    select
        purchases.client_id,
        purchases.domain,
        cast(greatest(max(purchases.purchases), sum(purchases.deals)) as integer) as purchases,
        max(case when purchases.services >= points.limit_buyer_services then 1 else 0 end) = 1
            as has_services,
        max(case when purchases.payments > 0
                and purchases.paid >= points.limit_buyer_average_value * purchases.payments
            then 1 else 0 end) = 1 as has_value
    from purchases
    inner join points on purchases.client_id = points.client_id
    where purchases.domain is not null
    group by purchases.client_id, purchases.domain
),

pairs as (
    select
        lead_clients.lead_id,
        lead_clients.client_id,
        lead_pool.email is not null as has_email,
        lead_pool.email_status,
        lead_pool.phone is not null as has_phone,
        coalesce(lower(lead_pool.phone_status) = 'verified', false) as is_phone_verified,
        lead_pool.linkedin_url is not null as has_linkedin,
        lead_pool.personal_email is not null as has_personal_email,
        coalesce(titles.title_group, case when lead_pool.title is null then 'none' else 'other' end)
            as title_group,
        coalesce(titles.says_something, false) as says_something,
        coalesce(titles.is_unsuitable, false) as is_unsuitable,
        titles.authority_points,
        translate(lower(trim(lead_pool.seniority)), '- ', '__') as seniority,
        lead_pool.industry is not null and icps.has_industries as has_industry,
        industries.match as industry_match,
        case when icps.employees_min is not null or icps.employees_max is not null
            then lead_pool.employee_count end as employees,
        icps.employees_min,
        icps.employees_max,
        coalesce(lead_pool.company_country, lead_pool.country) is not null and icps.has_countries
            as has_country,
        countries.match as country_match,
        lead_pool.current_role_started_on as role_on,
        lead_pool.is_hiring,
        lead_pool.latest_funding_on as funding_on,
        lead_pool.is_bounced and coalesce(lead_pool.bounce_type, 'unknown') <> 'soft' as is_hard_bounced,
        lead_pool.is_unsubscribed,
        coalesce(rivals.match, rival_addresses.match) is not null as is_competitor,
        coalesce(buyers.purchases, 0) as purchases,
        coalesce(buyers.has_services, false) as has_services,
        coalesce(buyers.has_value, false) as has_value,
        {_count("lead_pool", "linkedin_posts")} as own_posts,
        {_day("lead_pool", "linkedin_last_post_on")} as post_on,
        {_count("lead_pool", "linkedin_connections")} as connections,
        {_count("companies", "linkedin_posts")} as company_posts,
        {_count("companies", "linkedin_followers")} as company_followers
    from facts.lead_clients as lead_clients
    inner join facts.lead_pool as lead_pool on lead_clients.lead_id = lead_pool.lead_id
    left join facts.companies as companies on lead_pool.company_id = companies.company_id
    left join scoring.title_groups as titles on lead_pool.title = titles.title
    left join icps on lead_clients.client_id = icps.client_id
    left join scoring.als_words as industries
        on lead_clients.client_id = industries.client_id and industries.kind = 'industry'
            and lead_pool.industry = industries.word
    left join scoring.als_words as countries
        on lead_clients.client_id = countries.client_id and countries.kind = 'country'
            and coalesce(lead_pool.company_country, lead_pool.country) = countries.word
    left join scoring.als_words as rivals
        on lead_clients.client_id = rivals.client_id and rivals.kind = 'competitor'
            and lead_pool.company_domain = rivals.word
    left join scoring.als_words as rival_addresses
        on lead_clients.client_id = rival_addresses.client_id and rival_addresses.kind = 'competitor'
            and split_part(lead_pool.email_key, '@', 2) = rival_addresses.word
    left join buyers
        on lead_clients.client_id = buyers.client_id and lead_pool.company_domain = buyers.domain
),

ranked as (
    select
        pairs.*,
        {_choice("pairs.seniority", "seniority", SENIORITIES, "null")} as seniority_value,
        {_until("pairs.role_on", "role_new_months")} as role_new_until,
        {_until("pairs.role_on", "role_recent_months")} as role_recent_until,
        {_until("pairs.funding_on", "funding_new_months")} as funding_new_until,
        {_until("pairs.funding_on", "funding_recent_months")} as funding_recent_until,
        pairs.post_on + points.limit_activity_recent_post_days + 1 as post_until,
        cast(? as date) as today
    from pairs
    inner join points on pairs.client_id = points.client_id
),

fired as (
    select
        ranked.*,
        case when has_email then {_choice("email_status", "email", EMAIL_STATUSES, "points.email_unknown")}
            else 0 end as email_points,
        case when not has_phone then 0 when is_phone_verified then points.phone_verified
            else points.phone_present end as phone_points,
        {_flag("has_linkedin", "linkedin_present")} as linkedin_points,
        {_flag("has_personal_email", "personal_email_present")} as personal_email_points,
        case when says_something or seniority_value is null
            then {_choice("title_group", "title", TITLE_GROUPS, "coalesce(authority_points, 0)")}
            else 0 end as title_points,
        case when says_something then 0 else coalesce(seniority_value, 0) end as seniority_points,
        {_flag("industry_match = 'in_icp'", "industry_in_icp")} as industry_points,
        case when employees is null then 0
            when employees < employees_min then points.employees_below
            when employees_max is null or employees <= employees_max then points.employees_in_range
            when employees <= employees_max * points.limit_employees_above_factor then points.employees_above
            else 0 end as employees_points,
        case country_match when 'in_icp' then points.country_in_icp
            when 'same_language' then points.country_same_language else 0 end as country_points,
        case when today < role_new_until then points.role_new
            when today < role_recent_until then points.role_recent else 0 end as role_points,
        {_flag("is_hiring", "hiring_open_positions")} as hiring_points,
        case when today < funding_new_until then points.funding_new
            when today < funding_recent_until then points.funding_recent else 0 end as funding_points,
        points.risk_start as risk_points,
        {_flag("is_hard_bounced", "risk_hard_bounce")} as hard_bounce_points,
        {_flag("is_unsubscribed", "risk_unsubscribed")} as unsubscribed_points,
        {_flag("is_competitor", "risk_competitor")} as competitor_points,
        {_flag("is_unsuitable", "risk_unsuitable_title")} as unsuitable_title_points,
        case when purchases < 1 then 0 else least(100,
            case purchases when 1 then points.buyer_one_purchase when 2 then points.buyer_two_purchases
                else points.buyer_more_purchases end
            + {_flag("has_services", "buyer_several_services")}
            + {_flag("has_value", "buyer_high_value")}) end as buyer_score,
        {_flag("own_posts > 0", "activity_own_posts")} as own_posts_points,
        {_flag("today < post_until", "activity_recent_post")} as recent_post_points,
        {_flag(is_connected, "activity_connections")} as connections_points,
        {_flag("company_posts > 0", "activity_company_posts")} as company_posts_points,
        {_flag(is_followed, "activity_company_followers")} as company_followers_points,
        title_group <> 'none' or seniority_value is not null as has_authority
    from ranked
    inner join points on ranked.client_id = points.client_id
),

components as (
    select
        fired.*,
        least(points.buyer_cap, {quotient("buyer_score * points.buyer_percent", "100")}) as buyer_points,
        {", ".join(f"{members[name]} as {name}" for name in WEIGHTED if name != "risk")},
        greatest(0, {members["risk"]}) as risk,
        least(points.buyer_cap, {quotient("buyer_score * points.buyer_percent", "100")})
            + least(points.activity_cap, {_sum(ACTIVITY)}) as boosts,
        least(
            case when role_new_until > today then role_new_until end,
            case when role_recent_until > today then role_recent_until end,
            case when funding_new_until > today then funding_new_until end,
            case when funding_recent_until > today then funding_recent_until end,
            case when post_until > today then post_until end
        ) as changes_on
    from fired
    inner join points on fired.client_id = points.client_id
),

totals as (
    select
        components.lead_id,
        components.client_id,
        points.weights_version,
        {", ".join(f"{sql} as {name}" for name, sql in gained.items())},
        {", ".join(WEIGHTED)},
        boosts,
        least(100, {quotient(total, "points.divisor")}) as score,
        cast({quotient(f"({_known()}) * 10", "points.divisor")} as numeric(9,0)) * 0.001 as als_coverage,
        cast(changes_on as timestamp) at time zone 'UTC' as next_change_at,
        points.tier_hot, points.tier_warm, points.tier_cool, points.tier_cold
    from components
    inner join points on components.client_id = points.client_id
)

select
    lead_id,
    client_id,
    weights_version,
    {", ".join(SIGNALS)},
    score - ({_sum(SIGNALS)}) as rounding_and_cap,
    {", ".join(WEIGHTED)},
    boosts,
    score,
    case when score >= tier_hot then 'hot' when score >= tier_warm then 'warm'
        when score >= tier_cool then 'cool' when score >= tier_cold then 'cold' else 'dead' end as tier,
    als_coverage,
    next_change_at,
    cast(? as timestamptz) as scored_at
from totals
"""
