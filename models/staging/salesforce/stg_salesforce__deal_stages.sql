-- The history has a row for every change of the stage, the amount, the close date or the probability: those that
-- changed the stage count, and the first.
with changes as (

    select
        *,
        lag(stage) over (
            partition by account, opportunity_id order by created_at, {{ bytewise('id') }}
        ) as stage_before,
        row_number() over (
            partition by account, opportunity_id, stage, created_at order by {{ bytewise('id') }}
        ) as repetition
    from {{ records('raw_salesforce', 'opportunity_history') }} as opportunity_history

)

select
    'salesforce' as source,
    changes.account,
    changes.opportunity_id as deal_id,
    changes.stage as provider_stage,
    case
        when changes.is_won_stage then 'closed_won'
        when changes.is_closed_stage then 'closed_lost'
        else stages.stage
    end as stage,
    changes.created_at as entered_at,
    changes.attributes,
    changes.first_loaded_at,
    changes.loaded_at,
    changes._dlt_load_id as load_id
from changes
left join {{ source('ops', 'stage_map') }} as stages
    on stages.source = 'salesforce'
    and stages.account = changes.account
    and stages.pipeline = 'default'
    and stages.provider_stage = changes.stage
where changes.repetition = 1
    and (changes.stage_before is null or changes.stage_before <> changes.stage)
