-- Grain: one row a meeting: what came of it. One that took place is good when a deal of its lead was opened, or
-- moved on to a later stage, within 14 days; bad when these have passed without; pending until then.
with moves as (

    select
        lead_id,
        client_id,
        created_at as moved_at
    from {{ ref('deals') }}
    where deleted_at is null
    union all
    select
        deals.lead_id,
        deals.client_id,
        stages.entered_at as moved_at
    from {{ ref('deal_stages') }} as stages
    inner join {{ ref('deals') }} as deals on stages.deal_id = deals.deal_id
    where stages.is_advance and deals.deleted_at is null

),

held as (

    select
        meetings.*,
        coalesce(meetings.scheduled_at, meetings.booked_at) as held_at,
        {{ plus_days('coalesce(meetings.scheduled_at, meetings.booked_at)', 14) }} as judged_at
    from {{ ref('meetings') }} as meetings
    where meetings.deleted_at is null

),

followed as (

    select
        held.meeting_id,
        min(moves.moved_at) as advanced_at
    from held
    inner join moves
        on held.lead_id = moves.lead_id and held.client_id = moves.client_id
        and moves.moved_at >= held.held_at and moves.moved_at <= held.judged_at
    group by held.meeting_id

)

select
    held.meeting_id,
    held.client_id,
    held.lead_id,
    held.meeting_type,
    held.booked_at,
    held.scheduled_at,
    held.showed_up,
    held.outcome as recorded_outcome,
    case
        when held.outcome <> 'completed' then held.outcome
        when followed.advanced_at is not null then 'good'
        when held.judged_at <= current_run.run_at then 'bad'
        else 'pending'
    end as outcome,
    followed.advanced_at,
    held.judged_at
from held
cross join {{ source('ops', 'current_run') }} as current_run
left join followed on held.meeting_id = followed.meeting_id
