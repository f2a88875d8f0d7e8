select
    'files' as source,
    account,
    id,
    campaign_id,
    client,
    lead_key,
    coalesce(channel, 'email') as channel,
    step_number,
    template_id,
    variant,
    mailbox,
    subject,
    body,
    sent_at,
    ai_model,
    prompt_version,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'messages') }}
where _dlt_valid_to is null
