-- Grain: one row a client: meetings booked in the month under way, in its zone, against its target. Ahead at
-- 110 % of what the month's elapsed share of the target would be, on track at 90 %.
{% set zone = "coalesce(clients.time_zone, 'UTC')" %}

with months as (

    select
        clients.client_id,
        clients.client,
        config.meetings_target,
        current_run.run_at,
        {{ local_day(month_start('current_run.run_at', zone), zone) }} as month_starts_on,
        {{ month_start('current_run.run_at', zone) }} as month_starts_at,
        {{ month_start('current_run.run_at', zone, months=1) }} as month_ends_at
    from {{ ref('clients') }} as clients
    cross join {{ source('ops', 'current_run') }} as current_run
    left join {{ source('ops', 'client_config') }} as config on clients.client = config.client

),

counted as (

    select
        months.client_id,
        months.client,
        months.month_starts_on,
        months.meetings_target,
        {{ whole_seconds('months.month_starts_at', 'months.run_at') }} as elapsed_seconds,
        {{ whole_seconds('months.month_starts_at', 'months.month_ends_at') }} as month_seconds,
        count(meetings.meeting_id) as booked_count,
        count(case when meetings.outcome = 'cancelled' then 1 end) as cancelled_count
    from months
    left join {{ ref('meetings') }} as meetings
        on months.client_id = meetings.client_id and meetings.deleted_at is null
        and meetings.booked_at >= months.month_starts_at and meetings.booked_at <= months.run_at
    group by
        months.client_id, months.client, months.month_starts_on, months.meetings_target, months.run_at,
        months.month_starts_at, months.month_ends_at

)

select
    client_id,
    client,
    month_starts_on,
    meetings_target,
    booked_count,
    cancelled_count,
    elapsed_seconds,
    month_seconds,
    cast(
        cast(meetings_target * elapsed_seconds as decimal(24, 6)) / month_seconds as decimal(12, 4)
    ) as expected_count,
    case
        when meetings_target is null then 'no_target'
        when
            booked_count > 0
            and booked_count * month_seconds * 100 >= meetings_target * elapsed_seconds * 110
            then 'ahead'
        when booked_count * month_seconds * 100 >= meetings_target * elapsed_seconds * 90 then 'on_track'
        else 'behind'
    end as pace
from counted
