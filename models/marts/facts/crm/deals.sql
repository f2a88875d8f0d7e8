-- Grain: one row a deal.
-- depends_on: {{ ref('touched_people') }} (it reads last night's rows of this table)
with touches as (

    select
        result_id,
        count(*) as touch_count,
        min(sent_at) as first_touch_at,
        {{ best('channel', 'sent_at, message_id') }} as first_touch_channel
    from {{ ref('int_result_touches') }}
    where kind = 'deal'
    group by result_id

),

reasons as (

    select
        texts.lost_reason as provider_lost_reason,
        {{ best('patterns.lost_reason', 'patterns.position') }} as lost_reason
    from (select distinct lost_reason from {{ ref('int_deals') }}) as texts
    inner join {{ ref('lost_reasons') }} as patterns
        on lower(replace(texts.lost_reason, '_', ' ')) like patterns.pattern
    group by texts.lost_reason

),

entries as (

    select
        source,
        account,
        deal_id,
        max(entered_at) as stage_entered_at
    from {{ ref('int_deal_stages') }}
    group by source, account, deal_id

)

select
    {{ key('deal', ['deals.source', 'deals.account', 'deals.id']) }} as deal_id,
    {{ client_key('deals.client') }} as client_id,
    lead_keys.lead_id,
    company_keys.company_id,
    deals.name,
    deals.pipeline,
    deals.provider_stage,
    deals.stage,
    {{ stage_weight('deals.stage') }} as stage_weight,
    entries.stage_entered_at,
    cast(deals.value as decimal(38, 9)) as value,
    deals.currency,
    cast(deals.value * rates.rate as decimal(24, 4)) as reporting_value,
    rates.reporting_currency,
    deals.lost_reason as provider_lost_reason,
    case
        when deals.stage = 'closed_lost' and deals.lost_reason is not null
            then coalesce(reasons.lost_reason, 'other')
    end as lost_reason,
    deals.owner,
    deals.created_at,
    deals.closed_at,
    {{ whole_days('deals.created_at', 'deals.closed_at') }} as days_to_close,
    coalesce(touches.touch_count, 0) as touch_count,
    touches.first_touch_at,
    touches.first_touch_channel,
    case when deals.is_deleted then deals.loaded_at end as deleted_at,
    deals.attributes,
    deals.first_loaded_at,
    deals.loaded_at as updated_at
from {{ ref('int_deals') }} as deals
left join {{ ref('lead_keys') }} as lead_keys on deals.lead_key = lead_keys.person_key
left join {{ ref('int_company_keys') }} as company_keys
    on deals.source = company_keys.source and deals.account = company_keys.account
    and deals.company_id = company_keys.id
left join {{ source('ops', 'exchange_rates') }} as rates on upper(trim(deals.currency)) = rates.currency
left join reasons on deals.lost_reason = reasons.provider_lost_reason
left join entries
    on deals.source = entries.source and deals.account = entries.account and deals.id = entries.deal_id
left join touches
    on {{ key('deal', ['deals.source', 'deals.account', 'deals.id']) }} = touches.result_id
