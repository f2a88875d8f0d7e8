select
    'instantly' as source,
    emails.account,
    emails.id,
    emails.lead_key,
    reactions.message_id,
    emails.campaign_id,
    {{ mapped_client(campaign=true) }} as client,
    'email' as channel,
    emails.thread_id as provider_thread_id,
    emails.from_email,
    emails.subject,
    emails.body,
    emails.headers,
    emails.interest_label as provider_label,
    emails.occurred_at as received_at,
    emails.attributes,
    emails.first_loaded_at,
    emails.loaded_at,
    emails._dlt_load_id as load_id
from {{ ref('stg_instantly__received') }} as emails
left join {{ ref('stg_instantly__reactions') }} as reactions
    on emails.account = reactions.account and emails.id || ':replied' = reactions.id
{{ join_client_map('instantly', 'emails', 'emails.campaign_id') }}
