-- E-mails that sequences sent, of which Salesforge tells neither step, variant, mailbox nor text, and messages
-- on LinkedIn.
with messages as (

    select
        account,
        id,
        workspace_id,
        sequence_id,
        lead_key,
        'email' as channel,
        cast(null as text) as thread_id,
        step_number,
        cast(null as text) as subject,
        cast(null as text) as body,
        sent_at,
        attributes,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ ref('stg_salesforge__sent') }}
    union all
    select
        account,
        'linkedin:' || id as id,
        workspace_id,
        sequence_id,
        lead_key,
        'linkedin' as channel,
        thread_id,
        cast(null as bigint) as step_number,
        subject,
        body,
        occurred_at as sent_at,
        attributes,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ records('raw_salesforge', 'linkedin_messages') }} as linkedin_messages
    where direction = 'outbound'

)

select
    'salesforge' as source,
    messages.account,
    messages.id,
    messages.sequence_id as campaign_id,
    {{ mapped_client(campaign=true, provider_client=true) }} as client,
    messages.lead_key,
    messages.channel,
    messages.thread_id as provider_thread_id,
    messages.step_number,
    cast(null as text) as template_id,
    cast(null as text) as variant,
    cast(null as text) as mailbox,
    messages.subject,
    messages.body,
    messages.sent_at,
    cast(null as text) as ai_model,
    cast(null as text) as prompt_version,
    cast(null as boolean) as is_deleted,
    messages.attributes,
    messages.first_loaded_at,
    messages.loaded_at,
    messages._dlt_load_id as load_id
from messages
{{ join_client_map('salesforge', 'messages', 'messages.sequence_id', 'messages.workspace_id') }}
