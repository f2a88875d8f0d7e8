-- Grain: one row a thread whose lead wrote something that needs an answer and has none: the newest such reply. A
-- later message of ours on the channel, or a meeting booked since, is an answer.
with asked as (

    {{ newest_replies('replies.client_id is not null and replies.is_human') }}

),

waiting as (

    select
        asked.*,
        greatest({{ whole_minutes('asked.received_at', 'current_run.run_at') }}, 0) as minutes_waiting
    from asked
    cross join {{ source('ops', 'current_run') }} as current_run
    where
        asked.nearness = 1
        and asked.requires_response
        and not asked.is_opt_out
        and not exists (
            select 1
            from {{ ref('int_sent_messages') }} as messages
            where messages.lead_id = asked.lead_id and messages.client_id = asked.client_id
                and messages.channel = asked.channel and messages.sent_at > asked.received_at
        )
        and not exists (
            select 1
            from {{ ref('meetings') }} as meetings
            where meetings.lead_id = asked.lead_id and meetings.client_id = asked.client_id
                and meetings.deleted_at is null and meetings.booked_at >= asked.received_at
        )

)

select
    reply_id,
    thread_id,
    client_id,
    lead_id,
    campaign_id,
    channel,
    received_at,
    from_email,
    subject,
    intent,
    question,
    is_positive,
    confidence,
    minutes_waiting,
    case
        when minutes_waiting < 60 then '1: under 1 hour'
        when minutes_waiting < 4 * 60 then '2: 1 to 4 hours'
        when minutes_waiting < 24 * 60 then '3: 4 to 24 hours'
        when minutes_waiting < 3 * 24 * 60 then '4: 1 to 3 days'
        when minutes_waiting < 14 * 24 * 60 then '5: 3 to 14 days'
        else '6: over 14 days'
    end as age_band
from waiting
