-- Grain: one row a thread of a client, a lead and a channel: who wrote when, how fast the sides answer, and what
-- came of it. Response times are between a message and the other side's last one; automatic replies are none.
with written as (

    select
        thread_messages.*,
        replies.intent,
        replies.objection_type,
        coalesce(replies.is_human, false) as is_human,
        coalesce(replies.is_positive, false) as is_positive,
        coalesce(replies.is_opt_out, false) as is_opt_out,
        {{ is_deciding('replies.') }} as is_deciding,
        {{ is_refusal('replies.') }} as is_refusal,
        thread_messages.direction = 'outbound' and coalesce(answered.is_human, false) as is_after_person
    from {{ ref('thread_messages') }} as thread_messages
    left join {{ ref('replies') }} as replies on thread_messages.reply_id = replies.reply_id
    left join {{ ref('replies') }} as answered on thread_messages.other_side_id = answered.reply_id

),

results as (

    select
        messages.thread_id,
        bool_or(credits.kind = 'meeting') as has_meeting,
        bool_or(coalesce(deals.stage = 'closed_won', false)) as has_won_deal
    from {{ ref('crm_credits') }} as credits
    inner join {{ ref('thread_messages') }} as messages on credits.message_id = messages.message_id
    left join {{ ref('deals') }} as deals on credits.kind = 'deal' and credits.result_id = deals.deal_id
    group by messages.thread_id

),

counted as (

    select
        thread_id,
        lead_id,
        client_id,
        channel,
        thread_number,
        {{ best('campaign_id', 'position') }} as campaign_id,
        min(occurred_at) as started_at,
        min(case when direction = 'outbound' then occurred_at end) as first_touch_at,
        max(case when direction = 'outbound' then occurred_at end) as last_ours_at,
        max(case when direction = 'inbound' then occurred_at end) as last_theirs_at,
        max(case when is_human then occurred_at end) as last_human_at,
        max(occurred_at) as last_message_at,
        {{ best('direction', 'position desc') }} as last_direction,
        count(*) as message_count,
        count(message_id) as ours_count,
        count(reply_id) as theirs_count,
        count(nullif(is_human, false)) as human_reply_count,
        count(nullif(is_positive, false)) as positive_reply_count,
        bool_or(is_opt_out) as is_opted_out,
        {{ best('case when is_deciding then is_refusal end', 'position desc') }} as is_refused,
        {{ best('case when is_human then intent end', 'position desc') }} as last_intent,
        {{ best("case when is_human then coalesce(objection_type, 'none') end", 'position desc') }}
            as last_objection,
        count(case when is_human and is_answer then 1 end) as their_answer_count,
        sum(case when is_human and is_answer then minutes_since_other_side end) as their_answer_minutes,
        count(case when is_after_person and is_answer then 1 end) as our_answer_count,
        sum(case when is_after_person and is_answer then minutes_since_other_side end) as our_answer_minutes
    from written
    group by thread_id, lead_id, client_id, channel, thread_number

),

aged as (

    select
        counted.*,
        greatest({{ whole_days('counted.last_message_at', 'current_run.run_at') }}, 0) as days_silent,
        coalesce(results.has_meeting, false) as has_meeting,
        coalesce(results.has_won_deal, false) as has_won_deal
    from counted
    cross join {{ source('ops', 'current_run') }} as current_run
    left join results on counted.thread_id = results.thread_id

)

select
    thread_id,
    client_id,
    lead_id,
    channel,
    thread_number,
    campaign_id,
    started_at,
    first_touch_at,
    last_ours_at,
    last_theirs_at,
    last_human_at,
    last_message_at,
    last_direction,
    message_count,
    ours_count,
    theirs_count,
    human_reply_count,
    positive_reply_count,
    their_answer_count,
    cast(coalesce(their_answer_minutes, 0) as bigint) as their_answer_minutes,
    our_answer_count,
    cast(coalesce(our_answer_minutes, 0) as bigint) as our_answer_minutes,
    last_intent,
    is_opted_out,
    days_silent,
    case
        when has_meeting or has_won_deal then 'converted'
        when is_refused then 'resolved'
        when days_silent >= {{ dead_days() }} then 'dead'
        when days_silent >= {{ stale_days() }} then 'stale'
        else 'active'
    end as status,
    case
        when has_won_deal then 'converted'
        when has_meeting then 'meeting_booked'
        when is_refused then 'rejected'
        when last_intent = 'referral' then 'referral'
        when last_objection = 'timing' then 'future_interest'
        when human_reply_count = 0 and days_silent >= {{ stale_days() }} then 'no_response'
        else 'ongoing'
    end as outcome
from aged
