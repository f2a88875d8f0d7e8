-- An open deal's close date is a forecast, so that only a closed one has closed_at. A webhook may tell of a deletion
-- before the API does.
select
    'hubspot' as source,
    deals.account,
    deals.id,
    {{ mapped_client() }} as client,
    'hubspot:' || deals.account || ':' || deals.contact_id as lead_key,
    deals.company_id,
    deals.name,
    deals.pipeline,
    deals.stage as provider_stage,
    stages.stage,
    deals.amount as value,
    deals.currency,
    deals.lost_reason,
    deals.owner_id as owner,
    coalesce(deals.opened_at, deals.created_at) as created_at,
    case when stages.stage in ('closed_won', 'closed_lost') then deals.close_date end as closed_at,
    coalesce(deals.is_archived, false)
    or coalesce(deals.is_gone, false)
    or told.id is not null as is_deleted,
    deals.attributes,
    deals.first_loaded_at,
    {{ later_load('deals.loaded_at', 'deals._dlt_load_id', 'told') }}
from {{ records('raw_hubspot', 'deals') }} as deals
{{ join_client_map('hubspot', 'deals') }}
left join {{ source('ops', 'stage_map') }} as stages
    on stages.source = 'hubspot'
    and stages.account = deals.account
    and stages.pipeline = deals.pipeline
    and stages.provider_stage = deals.stage
left join ({{ deleted_by_webhook('hubspot', ['deal']) }}) as told
    on told.account = deals.account and told.id = deals.id and told.deleted_at >= deals.updated_at
