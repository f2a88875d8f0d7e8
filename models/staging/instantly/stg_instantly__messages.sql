-- What a campaign or a person sent; scheduled e-mails have not been sent.
select
    'instantly' as source,
    emails.account,
    emails.id,
    emails.campaign_id,
    {{ mapped_client(campaign=true) }} as client,
    emails.lead_key,
    'email' as channel,
    emails.thread_id as provider_thread_id,
    emails.step_number,
    emails.campaign_id || ':' || cast(emails.sequence_index as text) || ':'
    || cast(emails.step_index as text) || ':' || cast(emails.variant_index as text) as template_id,
    emails.variant,
    emails.mailbox,
    emails.subject,
    emails.body,
    emails.occurred_at as sent_at,
    cast(null as text) as ai_model,
    cast(null as text) as prompt_version,
    cast(null as boolean) as is_deleted,
    emails.attributes,
    emails.first_loaded_at,
    emails.loaded_at,
    emails._dlt_load_id as load_id
from {{ records('raw_instantly', 'emails') }} as emails
{{ join_client_map('instantly', 'emails', 'emails.campaign_id') }}
where emails.type in (1, 3)
