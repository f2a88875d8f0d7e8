-- Grain: one row a dimension and value of the pool, with the people who have it. The agency's alone.
{% set dimensions = {
    'pool_status': ['available', 'assigned', 'converted', 'bounced', 'unsubscribed', 'invalid'],
    'email_status': ['verified', 'catch_all', 'guessed', 'unknown', 'invalid', 'none'],
    'confidence': ['accepted', 'to_enrich'],
} %}

with people as (

    select
        pool.first_seen_at > {{ plus_days('current_run.run_at', '-7') }} as is_new,
        {{ pool_status('pool', 'barred', 'owners.status') }} as pool_status,
        coalesce(pool.email_status, 'none') as email_status,
        case when pool.confidence >= 70 then 'accepted' else 'to_enrich' end as confidence
    from {{ ref('lead_pool') }} as pool
    cross join {{ source('ops', 'current_run') }} as current_run
    left join {{ ref('assignment_history') }} as owners on pool.lead_id = owners.lead_id and owners.is_current
    left join {{ barred_leads() }} as barred on pool.lead_id = barred.lead_id

),

{% for dimension, values in dimensions.items() %}
{{ dimension }}_values as (

    {{ rows_of(values, 'name') }}

),

{% endfor %}
counted as (

    {% for dimension in dimensions -%}
    select
        '{{ dimension }}' as dimension,
        listed.number as value_number,
        listed.name as value,
        count(people.{{ dimension }}) as lead_count,
        count(nullif(people.is_new, false)) as new_lead_count
    from {{ dimension }}_values as listed
    left join people on listed.name = people.{{ dimension }}
    group by listed.number, listed.name
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    {{ key('pool_stat', ['dimension', 'value']) }} as pool_stat_id,
    counted.*,
    (select count(*) from {{ ref('lead_pool') }}) as pool_count
from counted
