-- Grain: one row a message of ours or theirs in a thread. A client, a lead and a channel have one open thread at a
-- time. A message of ours begins the next one after 30 days of silence, or after they refused: where the last reply
-- since our message before it refuses. A reply belongs to what it answers.
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
        false as is_deciding,
        false as is_refusal,
        first_loaded_at,
        updated_at
    from {{ ref('int_sent_messages') }}
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
        {{ is_deciding() }} as is_deciding,
        {{ is_refusal() }} as is_refusal,
        first_loaded_at,
        updated_at
    from {{ ref('replies') }}

),

numbered as (

    select
        written.*,
        row_number() over in_order as number
    from written
    window in_order as (partition by lead_id, client_id, channel order by occurred_at, side, item_id)

),

looking_back as (

    select
        numbered.*,
        lag(occurred_at) over in_order as previous_at,
        max(case when side = 0 then number end) over before as our_number,
        max(case when is_deciding then number end) over before as deciding_number,
        max(case when is_refusal then number end) over before as refusal_number
    from numbered
    window
        in_order as (partition by lead_id, client_id, channel order by number),
        before as (
            partition by lead_id, client_id, channel order by number
            rows between unbounded preceding and 1 preceding
        )

),

threads as (

    select
        looking_back.*,
        count(
            case
                when number = 1 then 1
                when side = 1 then null
                when {{ whole_days('previous_at', 'occurred_at') }} >= {{ dead_days() }} then 1
                when refusal_number = deciding_number and refusal_number > coalesce(our_number, 0) then 1
            end
        ) over (
            partition by lead_id, client_id, channel order by number rows unbounded preceding
        ) as thread_number
    from looking_back

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
        in_order as (partition by lead_id, client_id, channel, thread_number order by number),
        of_a_side as (partition by lead_id, client_id, channel, thread_number, side order by number)

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
