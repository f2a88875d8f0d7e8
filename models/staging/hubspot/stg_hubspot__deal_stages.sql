select
    'hubspot' as source,
    history.account,
    history.deal_id,
    history.stage as provider_stage,
    stages.stage,
    history.entered_at,
    history.attributes,
    history.first_loaded_at,
    history.loaded_at,
    history._dlt_load_id as load_id
from {{ records('raw_hubspot', 'deal_stage_history') }} as history
left join {{ source('ops', 'stage_map') }} as stages
    on stages.source = 'hubspot'
    and stages.account = history.account
    and stages.pipeline = history.pipeline
    and stages.provider_stage = history.stage
