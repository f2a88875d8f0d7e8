-- Grain: one row a client, outcome, dimension, value and stratum (campaign, period, tier): leads and
-- conversions. Dimension `all` holds each stratum's total. Sufficient statistics of the WHO detector.
{% set outcomes = {
    'positive_reply': 'has_positive_reply', 'meeting': 'has_meeting', 'won_deal': 'has_won_deal',
} %}
{% set dimensions = [
    'title_group', 'seniority', 'industry', 'employee_band', 'country', 'new_role', 'hiring', 'funded',
] %}

with units as (

    select
        *,
        'all' as everybody
    from {{ ref('who_units') }}

),

values_of as (

    {% for dimension in ['everybody'] + dimensions %}
    select
        client_id,
        campaign_id,
        period,
        tier,
        '{{ 'all' if dimension == 'everybody' else dimension }}' as dimension,
        {{ dimension }} as value,
        first_contacted_at,
        {{ outcomes.values() | join(', ') }}
    from units
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

counted as (

    {% for outcome, column in outcomes.items() %}
    select
        client_id,
        '{{ outcome }}' as outcome,
        dimension,
        value,
        campaign_id,
        period,
        tier,
        count(*) as n,
        count(case when {{ column }} then 1 end) as conversions,
        min(first_contacted_at) as first_contacted_at,
        max(first_contacted_at) as last_contacted_at
    from values_of
    group by client_id, dimension, value, campaign_id, period, tier
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    {{ key('who_segment', ['client_id', 'outcome', 'dimension', 'value', 'campaign_id', 'period', 'tier']) }}
        as who_segment_id,
    counted.*
from counted
