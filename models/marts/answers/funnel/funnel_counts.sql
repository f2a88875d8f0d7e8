-- Grain: one row a client, dimension, value and cohort week (null: all weeks): leads that were seen at each
-- step, and leads that reached it, which is who was seen at it or at a later one.
{% set steps = funnel_steps() %}
{% set series = side_series() %}
{% set dimensions = {
    'all': "'all'",
    'campaign': "cast(funnel.campaign_id as text)",
    'channel': "funnel.channel",
    'template': "cast(funnel.template_id as text)",
    'tier': "coalesce(scores.tier, 'unknown')",
} %}

with leads as (

    {% for dimension, value in dimensions.items() %}
    select
        funnel.client_id,
        '{{ dimension }}' as dimension,
        coalesce({{ value }}, 'unknown') as value,
        funnel.cohort_week,
    {% for step, condition in steps + series %}
    {{ condition }} as seen_{{ step }}{{ ',' if not loop.last }}
    {% endfor %}
    from {{ ref('lead_funnel') }} as funnel
    left join {{ source('scoring', 'als_scores') }} as scores
        on funnel.lead_id = scores.lead_id and funnel.client_id = scores.client_id
    where not funnel.is_holdout and funnel.client_id is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

weeks as (

    select * from leads
    where cohort_week is not null
    union all
    select
        client_id,
        dimension,
        value,
        cast(null as date) as cohort_week,
    {% for step, _ in steps + series %}
    seen_{{ step }}{{ ',' if not loop.last }}
    {% endfor %}
    from leads

)

select
    client_id,
    dimension,
    value,
    cohort_week,
    {% for step, _ in steps %}
    {% set later = steps[loop.index0:] %}
    count(case when seen_{{ step }} then 1 end) as observed_{{ step }},
    count(nullif(
        {% for name, _ in later %}
        seen_{{ name }}{{ ' or' if not loop.last }}
        {% endfor %},
        false
    )) as reached_{{ step }},
    {% endfor %}
{% for step, _ in series %}
count(case when seen_{{ step }} then 1 end) as observed_{{ step }}{{ ',' if not loop.last }}
{% endfor %}
from weeks
group by client_id, dimension, value, cohort_week
