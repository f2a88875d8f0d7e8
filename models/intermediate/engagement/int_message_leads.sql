-- This run's slice: every outbound message of a touched lead, with its campaign and client.
select
    lead_keys.lead_id,
    {{ key('message', ['messages.source', 'messages.account', 'messages.id']) }} as message_id,
    case
        when messages.campaign_id is not null
            then {{ key('campaign', ['messages.source', 'messages.account', 'messages.campaign_id']) }}
    end as campaign_id,
    {{ client_key('coalesce(campaigns.client, messages.client)') }} as client_id,
    messages.source,
    messages.account,
    messages.id,
    coalesce(messages.channel, campaigns.channel, 'email') as channel,
    messages.provider_thread_id,
    messages.step_number,
    case
        when messages.template_id is not null
            then {{ key('template', ['messages.source', 'messages.account', 'messages.template_id']) }}
    end as template_id,
    messages.variant,
    messages.mailbox,
    messages.subject,
    messages.body,
    messages.sent_at,
    messages.ai_model,
    messages.prompt_version,
    case when messages.is_deleted then messages.loaded_at end as deleted_at,
    messages.attributes,
    messages.first_loaded_at,
    messages.loaded_at
from {{ ref('int_messages') }} as messages
inner join {{ ref('lead_keys') }} as lead_keys on messages.lead_key = lead_keys.person_key
inner join {{ ref('touched_leads') }} as touched on lead_keys.lead_id = touched.lead_id
left join {{ ref('int_campaigns') }} as campaigns
    on messages.source = campaigns.source and messages.account = campaigns.account
    and messages.campaign_id = campaigns.id
