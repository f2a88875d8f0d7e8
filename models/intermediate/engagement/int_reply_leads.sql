-- This run's slice: every inbound message of a touched lead, with the outbound message it answers: the one its
-- source names, else the last one sent to the lead before it.
with replies as (

    select
        replies.*,
        lead_keys.lead_id,
        {{ key('reply', ['replies.source', 'replies.account', 'replies.id']) }} as reply_id,
        {{ key('message', ['replies.source', 'replies.account', 'replies.message_id']) }} as named_message_id,
        {{ key('campaign', ['replies.source', 'replies.account', 'replies.campaign_id']) }}
            as named_campaign_id,
        {{ client_key('coalesce(campaigns.client, replies.client)') }} as named_client_id
    from {{ ref('int_replies') }} as replies
    inner join {{ ref('lead_keys') }} as lead_keys on replies.lead_key = lead_keys.person_key
    inner join {{ ref('touched_leads') }} as touched on lead_keys.lead_id = touched.lead_id
    left join {{ ref('int_campaigns') }} as campaigns
        on replies.source = campaigns.source and replies.account = campaigns.account
        and replies.campaign_id = campaigns.id

),

answered as (

    select
        replies.reply_id,
        messages.message_id,
        messages.campaign_id,
        messages.client_id,
        row_number() over (
            partition by replies.reply_id
            order by
                case when messages.message_id = replies.named_message_id then 0 else 1 end,
                case when messages.campaign_id = replies.named_campaign_id then 0 else 1 end,
                messages.sent_at desc,
                messages.message_id
        ) as nearness
    from replies
    inner join {{ ref('int_message_leads') }} as messages
        on replies.lead_id = messages.lead_id and messages.deleted_at is null
        and (messages.sent_at <= replies.received_at or messages.message_id = replies.named_message_id)
        and (replies.named_client_id is null or messages.client_id = replies.named_client_id)

)

select
    replies.reply_id,
    replies.lead_id,
    coalesce(replies.named_client_id, answered.client_id) as client_id,
    case
        when replies.campaign_id is not null then replies.named_campaign_id else answered.campaign_id
    end as campaign_id,
    answered.message_id,
    coalesce(replies.channel, 'email') as channel,
    replies.source,
    replies.account,
    replies.provider_thread_id,
    replies.from_email,
    replies.subject,
    replies.body,
    replies.headers,
    replies.provider_label,
    replies.received_at,
    replies.first_loaded_at,
    replies.loaded_at
from replies
left join answered on replies.reply_id = answered.reply_id and answered.nearness = 1
