-- Grain: one row a meeting or deal, attribution model and outbound message that takes credit for it.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}

with touches as (

    select
        touches.*,
        row_number() over (
            partition by touches.kind, touches.result_id order by touches.sent_at, touches.message_id
        ) as touch_position,
        count(*) over (partition by touches.kind, touches.result_id) as touch_count,
        max(touches.sent_at) over (partition by touches.kind, touches.result_id) as last_sent_at
    from {{ ref('int_result_touches') }} as touches
    inner join {{ ref('touched_leads') }} as touched on touches.lead_id = touched.lead_id
    where touches.takes_credit and not touches.is_deleted

),

weighed as (

    {% for model, weight in attribution_weights().items() -%}
    select
        '{{ model }}' as model,
        touches.*,
        cast({{ weight }} as bigint) as weight
    from touches
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

summed as (

    select
        weighed.*,
        cast(sum(weight) over (partition by kind, result_id, model) as bigint) as all_weight
    from weighed

),

shared as (

    select
        summed.*,
        {{ whole_quotient('(weight * 1000000)', 'all_weight') }} as millionths
    from summed

),

running as (

    select
        shared.*,
        sum(millionths) over (
            partition by kind, result_id, model
            order by touch_position rows between unbounded preceding and 1 preceding
        ) as earlier_millionths
    from shared

),

-- what rounding leaves over goes to the last touch, so that credits sum to 1
settled as (

    select
        running.*,
        case
            when touch_position = touch_count then 1000000 - coalesce(earlier_millionths, 0)
            else millionths
        end as credit_millionths
    from running

)

select
    {{ key('attribution', ['settled.kind', 'settled.result_id', 'settled.model', 'settled.message_id']) }}
        as attribution_id,
    settled.kind,
    case when settled.kind = 'deal' then settled.result_id end as deal_id,
    case when settled.kind = 'meeting' then settled.result_id end as meeting_id,
    settled.client_id,
    settled.lead_id,
    settled.model,
    settled.message_id,
    settled.campaign_id,
    settled.channel,
    settled.template_id,
    settled.step_number,
    cast(settled.touch_position as integer) as touch_position,
    cast(settled.touch_count as integer) as touch_count,
    settled.sent_at,
    settled.began_at,
    cast(settled.credit_millionths * cast(0.000001 as decimal(7, 6)) as decimal(7, 6)) as credit,
    cast(
        deals.value * cast(settled.credit_millionths * cast(0.000001 as decimal(7, 6)) as decimal(7, 6))
        as decimal(38, 15)
    ) as credited_value,
    deals.currency,
    settled.first_loaded_at,
    settled.updated_at
from settled
left join {{ ref('deals') }} as deals on settled.kind = 'deal' and settled.result_id = deals.deal_id
where settled.credit_millionths > 0
