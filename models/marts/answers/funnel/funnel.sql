-- Grain: one row a client, dimension, value, cohort week (null: all weeks) and step. Cohorts are by first
-- contact. `is_series` marks what stands beside the funnel: opens and clicks.
{% set steps = funnel_steps() %}

with counted as (

    {% for step, _ in steps %}
    select
        client_id,
        dimension,
        value,
        cohort_week,
        {{ loop.index }} as step_number,
        '{{ step }}' as step,
        false as is_series,
        observed_{{ step }} as observed_count,
        reached_{{ step }} as lead_count,
        {{ 'reached_' ~ steps[loop.index0 - 1][0] if not loop.first else 'cast(null as bigint)' }}
            as previous_count,
        reached_contacted as contacted_count,
        {{ 'cast(null as bigint)' if loop.first else 'reached_contacted' }} as trial_count
    from {{ ref('funnel_counts') }}
    union all
    {% endfor %}
    {% for step, _ in side_series() %}
    select
        client_id,
        dimension,
        value,
        cohort_week,
        {{ steps | length + loop.index }} as step_number,
        '{{ step }}' as step,
        true as is_series,
        observed_{{ step }} as observed_count,
        observed_{{ step }} as lead_count,
        reached_delivered as previous_count,
        reached_contacted as contacted_count,
        reached_contacted as trial_count
    from {{ ref('funnel_counts') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    {{ key('funnel', ['client_id', 'dimension', 'value', 'cohort_week', 'step']) }} as funnel_id,
    counted.client_id,
    counted.dimension,
    counted.value,
    counted.cohort_week,
    counted.step_number,
    counted.step,
    counted.is_series,
    counted.observed_count,
    counted.lead_count,
    counted.previous_count,
    counted.contacted_count,
    {{ rate('counted.lead_count', 'counted.previous_count') }} as rate_on_previous,
    {{ rate('counted.lead_count', 'counted.trial_count') }} as rate_on_contacted,
    {{ wilson('counted.lead_count', 'counted.trial_count', 'low') }} as rate_low,
    {{ wilson('counted.lead_count', 'counted.trial_count', 'high') }} as rate_high
from counted
