-- The stages that a deal went through, from its changes: the one it was opened in, those it was moved to, won and
-- lost, and, when it is opened again, the one it was in. A deal whose changes are still to be read has none.
{% set pipelines = ['pipeline_id', 'pipeline_name'] %}
{% set stages = ['stage_id', 'stage_name'] %}

with changes as (

    select *
    from {{ records('raw_pipedrive', 'deal_changes') }} as deal_changes
    where field in ('stage_id', 'status')

),

first_moves as (

    select
        *,
        row_number() over (partition by account, deal_id order by changed_at, new_value) as move_number
    from changes
    where field = 'stage_id'

),

openings as (

    select
        deals.account,
        deals.id as deal_id,
        deals.created_at as entered_at,
        0 as position,
        coalesce(moves.old_value, deals.stage_id) as stage_id,
        case when moves.deal_id is null then deals.stage_name else moves.old_stage_name end as stage_name,
        case when moves.deal_id is null then deals.pipeline_id else moves.old_pipeline_id end as pipeline_id,
        case when moves.deal_id is null then deals.pipeline_name else moves.old_pipeline_name end
            as pipeline_name,
        'open' as status,
        cast(null as text) as attributes,
        deals.first_loaded_at,
        deals.loaded_at,
        deals._dlt_load_id as load_id
    from {{ records('raw_pipedrive', 'deals') }} as deals
    left join first_moves as moves
        on deals.account = moves.account and deals.id = moves.deal_id and moves.move_number = 1
    where moves.deal_id is not null
        or coalesce(deals.stage_changed_at, deals.created_at) = deals.created_at

),

events as (

    select * from openings
    union all
    select
        account,
        deal_id,
        changed_at as entered_at,
        case field when 'stage_id' then 1 else 2 end as position,
        case field when 'stage_id' then new_value end as stage_id,
        new_stage_name as stage_name,
        new_pipeline_id as pipeline_id,
        new_pipeline_name as pipeline_name,
        case field when 'status' then new_value end as status,
        attributes,
        first_loaded_at,
        loaded_at,
        _dlt_load_id as load_id
    from changes

),

-- a change of the stage leaves the status as it is, and the other way round: both hold until they change
periods as (

    select
        *,
        count(stage_id) over (
            partition by account, deal_id order by entered_at, position, stage_id, status
            rows between unbounded preceding and current row
        ) as stage_period,
        count(status) over (
            partition by account, deal_id order by entered_at, position, stage_id, status
            rows between unbounded preceding and current row
        ) as status_period
    from events

),

states as (

    select
        account,
        deal_id,
        entered_at,
        position,
        max(stage_id) over (partition by account, deal_id, stage_period) as stage_id,
        max(stage_name) over (partition by account, deal_id, stage_period) as stage_name,
        max(pipeline_id) over (partition by account, deal_id, stage_period) as pipeline_id,
        max(pipeline_name) over (partition by account, deal_id, stage_period) as pipeline_name,
        max(status) over (partition by account, deal_id, status_period) as status,
        attributes,
        first_loaded_at,
        loaded_at,
        load_id
    from periods

),

named as (

    select
        *,
        case when status in ('won', 'lost') then status else coalesce(stage_name, stage_id) end
            as provider_stage
    from states

),

compared as (

    select
        *,
        lag(provider_stage) over (
            partition by account, deal_id order by entered_at, position, provider_stage
        ) as stage_before,
        row_number() over (
            partition by account, deal_id, provider_stage, entered_at order by position
        ) as repetition
    from named

)

select
    'pipedrive' as source,
    compared.account,
    compared.deal_id,
    compared.provider_stage,
    case compared.status
        when 'won' then 'closed_won'
        when 'lost' then 'closed_lost'
        else {{ mapped_stage('pipedrive', 'compared', pipelines, stages) }}
    end as stage,
    compared.entered_at,
    compared.attributes,
    compared.first_loaded_at,
    compared.loaded_at,
    compared.load_id
from compared
where compared.provider_stage is not null
    and compared.repetition = 1
    and (compared.stage_before is null or compared.stage_before <> compared.provider_stage)
