-- Won and lost are a status in Pipedrive, beside the stage in which the deal was. An archived deal is no deleted one.
{% set pipelines = ['pipeline_id', 'pipeline_name'] %}
{% set stages = ['stage_id', 'stage_name'] %}
select
    'pipedrive' as source,
    deals.account,
    deals.id,
    {{ mapped_client() }} as client,
    'pipedrive:' || deals.account || ':' || deals.person_id as lead_key,
    deals.org_id as company_id,
    deals.title as name,
    coalesce(deals.pipeline_name, deals.pipeline_id) as pipeline,
    case
        when deals.status in ('won', 'lost') then deals.status else coalesce(deals.stage_name, deals.stage_id)
    end as provider_stage,
    case deals.status
        when 'won' then 'closed_won'
        when 'lost' then 'closed_lost'
        else {{ mapped_stage('pipedrive', 'deals', pipelines, stages) }}
    end as stage,
    deals.value,
    deals.currency,
    deals.lost_reason,
    deals.owner_id as owner,
    deals.created_at,
    case deals.status
        when 'won' then coalesce(deals.won_at, deals.closed_at)
        when 'lost' then coalesce(deals.lost_at, deals.closed_at)
    end as closed_at,
    coalesce(deals.is_deleted, false)
    or coalesce(deals.is_gone, false)
    or gone.id is not null
    or told.id is not null as is_deleted,
    deals.attributes,
    deals.first_loaded_at,
    {{ later_load(
        'coalesce(gone.loaded_at, deals.loaded_at)', 'coalesce(gone._dlt_load_id, deals._dlt_load_id)', 'told'
    ) }}
from {{ records('raw_pipedrive', 'deals') }} as deals
{{ join_client_map('pipedrive', 'deals') }}
left join {{ source('raw_pipedrive', 'deletions') }} as gone
    on gone.item = 'deal'
    and gone.account = deals.account
    and gone.id = deals.id
    and gone.loaded_at >= deals.loaded_at
    and gone._dlt_valid_to is null
left join ({{ deleted_by_webhook('pipedrive', ['deal']) }}) as told
    on told.account = deals.account and told.id = deals.id and told.deleted_at >= deals.updated_at
