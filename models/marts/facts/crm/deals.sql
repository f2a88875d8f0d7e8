-- Grain: one row a deal.
-- depends_on: {{ ref('touched_people') }} (it reads last night's rows of this table)
select
    {{ key('deal', ['deals.source', 'deals.account', 'deals.id']) }} as deal_id,
    {{ client_key('deals.client') }} as client_id,
    lead_keys.lead_id,
    company_keys.company_id,
    deals.name,
    deals.pipeline,
    deals.provider_stage,
    deals.stage,
    deals.value,
    deals.currency,
    deals.lost_reason,
    deals.owner,
    deals.created_at,
    deals.closed_at,
    case when deals.is_deleted then deals.loaded_at end as deleted_at,
    deals.attributes,
    deals.loaded_at as updated_at
from {{ ref('int_deals') }} as deals
left join {{ ref('lead_keys') }} as lead_keys on deals.lead_key = lead_keys.person_key
left join {{ ref('int_company_keys') }} as company_keys
    on deals.source = company_keys.source and deals.account = company_keys.account
    and deals.company_id = company_keys.id
