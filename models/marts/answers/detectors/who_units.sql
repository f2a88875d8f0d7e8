-- Grain: one row a client and lead contacted whose window has passed, by its first campaign: what it was like
-- then, and whether it converted inside the window. The units of the WHO detector.
with first_campaigns as (

    select
        funnel.*,
        row_number() over (
            partition by funnel.client_id, funnel.lead_id
            order by funnel.first_contacted_at, funnel.campaign_id
        ) as contact_number
    from {{ ref('lead_funnel') }} as funnel
    where funnel.first_contacted_at is not null and funnel.client_id is not null and not funnel.is_holdout

)

select
    units.client_id,
    units.lead_id,
    units.campaign_id,
    cast(cast(date_trunc('month', units.first_contacted_at at time zone 'UTC') as date) as text) as period,
    units.first_contacted_at,
    units.settles_at,
    'unknown' as tier,
    coalesce(units.first_positive_at <= units.settles_at, false) as has_positive_reply,
    coalesce(units.meeting_booked_at <= units.settles_at, false) as has_meeting,
    coalesce(units.deal_won_at <= units.settles_at, false) as has_won_deal,
    coalesce(titles.title_group, 'unknown') as title_group,
    coalesce(lower(pool.seniority), 'unknown') as seniority,
    coalesce(lower(pool.industry), 'unknown') as industry,
    {{ employee_band('pool.employee_count') }} as employee_band,
    coalesce(lower(coalesce(pool.company_country, pool.country)), 'unknown') as country,
    {{ yes_no(
        "pool.current_role_started_on > cast(units.first_contacted_at at time zone 'UTC' as date)"
        " - interval '6 months'"
    ) }} as new_role,
    {{ yes_no('pool.is_hiring') }} as hiring,
    {{ yes_no(
        "pool.latest_funding_on > cast(units.first_contacted_at at time zone 'UTC' as date)"
        " - interval '12 months'"
    ) }} as funded
from first_campaigns as units
inner join {{ ref('lead_pool') }} as pool on units.lead_id = pool.lead_id
left join {{ source('scoring', 'title_groups') }} as titles on pool.title = titles.title
where units.contact_number = 1 and units.is_settled
