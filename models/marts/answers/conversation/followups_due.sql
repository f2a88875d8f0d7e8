-- Grain: one row a thread in which it is our turn again by now: they are back in the office, they asked for later,
-- or their interest has gone quiet. What was sent since the day, a meeting, an opt-out or a bounce settles it.
{% set zone = "coalesce(clients.time_zone, 'UTC')" %}

with last_replies as (

    {{ newest_replies("replies.is_human or replies.intent = 'out_of_office'") }}

),

due as (

    select
        threads.*,
        last_replies.reply_id,
        last_replies.intent,
        {{ zone }} as time_zone,
        case
            when last_replies.intent = 'out_of_office' then 'back_in_office'
            when threads.outcome = 'future_interest' then 'asked_for_later'
            when last_replies.is_positive and threads.last_direction = 'outbound' then 'interest_gone_quiet'
        end as reason,
        coalesce(
            {{ day_to_write_again('last_replies', zone) }},
            {{ local_day('threads.last_ours_at', zone) }} + {{ stale_days() }}
        ) as due_on
    from {{ ref('threads') }} as threads
    inner join last_replies on threads.thread_id = last_replies.thread_id and last_replies.nearness = 1
    inner join {{ ref('clients') }} as clients on threads.client_id = clients.client_id
    where threads.status not in ('converted', 'resolved')

),

dated as (

    select
        due.*,
        {{ local_day('current_run.run_at', 'due.time_zone') }} as today
    from due
    cross join {{ source('ops', 'current_run') }} as current_run
    where due.reason is not null

)

select
    dated.thread_id,
    dated.client_id,
    dated.lead_id,
    dated.campaign_id,
    dated.channel,
    dated.reply_id,
    dated.reason,
    dated.intent,
    dated.due_on,
    cast(dated.today - dated.due_on as integer) as days_overdue,
    dated.last_ours_at,
    dated.last_theirs_at
from dated
where
    dated.due_on <= dated.today
    and not exists (
        select 1
        from {{ barred_leads() }} as barred
        where barred.lead_id = dated.lead_id
    )
    and not exists (
        select 1
        from {{ ref('int_sent_messages') }} as messages
        where messages.lead_id = dated.lead_id and messages.client_id = dated.client_id
            and {{ local_day('messages.sent_at', 'dated.time_zone') }} >= dated.due_on
    )
    and not exists (
        select 1
        from {{ ref('meetings') }} as meetings
        where meetings.lead_id = dated.lead_id and meetings.client_id = dated.client_id
            and meetings.deleted_at is null and meetings.booked_at >= dated.last_theirs_at
    )
