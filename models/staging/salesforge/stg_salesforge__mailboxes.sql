-- Salesforge says neither when a mailbox was connected nor how its warm-up stands.
select
    'salesforge' as source,
    mailboxes.account,
    mailboxes.id,
    {{ mapped_client(provider_client=true) }} as client,
    mailboxes.email,
    mailboxes.email_key,
    case lower(mailboxes.provider)
        when 'gmail' then 'google'
        when 'google' then 'google'
        when 'outlook' then 'microsoft'
        when 'microsoft' then 'microsoft'
        when 'smtp' then 'smtp'
        else case when mailboxes.provider is not null then 'other' end
    end as provider,
    case lower(mailboxes.status)
        when 'active' then 'active'
        when 'paused' then 'paused'
        else case when mailboxes.status is not null then 'error' end
    end as status,
    mailboxes.daily_limit,
    cast(null as timestamp with time zone) as created_at,
    cast(null as text) as warmup_status,
    cast(null as timestamp with time zone) as warmup_started_at,
    cast(null as decimal(38, 9)) as warmup_reputation,
    cast(null as bigint) as warmup_sent_count,
    cast(null as bigint) as warmup_spam_count,
    mailboxes.attributes,
    mailboxes.first_loaded_at,
    mailboxes.loaded_at,
    mailboxes._dlt_load_id as load_id
from {{ records('raw_salesforge', 'mailboxes') }} as mailboxes
{{ join_client_map('salesforge', 'mailboxes', provider_client='mailboxes.workspace_id') }}
