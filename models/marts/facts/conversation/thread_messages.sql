-- Grain: one row a message of ours or theirs in a thread. A client, a lead and a channel have one thread at a
-- time; a message of ours after 30 days of silence begins the next one, a reply belongs to what it answers.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}

with written as (

    select
        message_id as item_id,
        message_id,
        cast(null as uuid) as reply_id,
        lead_id,
        client_id,
        campaign_id,
        channel,
        'outbound' as direction,
        0 as side,
        sent_at as occurred_at,
        first_loaded_at,
        updated_at
    from {{ ref('int_sent_messages') }}
    where lead_id in (select lead_id from {{ ref('touched_leads') }})
    union all
    select
        reply_id as item_id,
        cast(null as uuid) as message_id,
        reply_id,
        lead_id,
        client_id,
        campaign_id,
        channel,
        'inbound' as direction,
        1 as side,
        received_at as occurred_at,
        first_loaded_at,
        updated_at
    from {{ ref('received_replies') }}
    where lead_id in (select lead_id from {{ ref('touched_leads') }})

),

gaps as (

    select
        written.*,
        row_number() over in_order = 1
        or (
            direction = 'outbound'
            and {{ whole_days('lag(occurred_at) over in_order', 'occurred_at') }} >= {{ dead_days() }}
        ) as is_opening
    from written
    window in_order as (partition by lead_id, client_id, channel order by occurred_at, side, item_id)

),

threads as (

    select
        gaps.*,
        count(nullif(is_opening, false)) over (
            partition by lead_id, client_id, channel order by occurred_at, side, item_id
            rows unbounded preceding
        ) as thread_number
    from gaps

),

placed as (

    select
        {{ key('thread', ['lead_id', 'client_id', 'channel', 'thread_number']) }} as thread_id,
        threads.*,
        row_number() over in_order as position,
        row_number() over of_a_side as side_number,
        row_number() over in_order - row_number() over of_a_side as other_side_count,
        lag(direction) over in_order as previous_direction
    from threads
    window
        in_order as (
            partition by lead_id, client_id, channel, thread_number order by occurred_at, side, item_id
        ),
        of_a_side as (
            partition by lead_id, client_id, channel, thread_number, side order by occurred_at, item_id
        )

)

select
    {{ key('thread_message', ['placed.direction', 'placed.item_id']) }} as thread_message_id,
    placed.thread_id,
    placed.lead_id,
    placed.client_id,
    placed.campaign_id,
    placed.channel,
    placed.thread_number,
    placed.position,
    placed.direction,
    placed.message_id,
    placed.reply_id,
    placed.occurred_at,
    coalesce(placed.previous_direction <> placed.direction, false) as is_answer,
    others.item_id as other_side_id,
    {{ whole_minutes('others.occurred_at', 'placed.occurred_at') }} as minutes_since_other_side,
    placed.first_loaded_at,
    placed.updated_at
from placed
left join placed as others
    on placed.thread_id = others.thread_id and placed.side <> others.side
    and placed.other_side_count = others.side_number
