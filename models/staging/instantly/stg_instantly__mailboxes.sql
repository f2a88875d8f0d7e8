-- Instantly maps no mailbox to a client: it is its account's. A negative state is an error or a ban.
select
    'instantly' as source,
    mailboxes.account,
    mailboxes.email as id,
    {{ mapped_client() }} as client,
    mailboxes.email,
    mailboxes.email_key,
    case mailboxes.provider_code
        when 1 then 'smtp'
        when 2 then 'google'
        when 3 then 'microsoft'
        else case when mailboxes.provider_code is not null then 'other' end
    end as provider,
    case
        when mailboxes.status < 0 then 'error'
        when mailboxes.status = 1 then 'active'
        when mailboxes.status = 2 then 'paused'
    end as status,
    mailboxes.daily_limit,
    mailboxes.created_at,
    case
        when mailboxes.warmup_status < 0 then 'blocked'
        when mailboxes.warmup_status = 0 then 'paused'
        when mailboxes.warmup_status = 1 then 'active'
    end as warmup_status,
    mailboxes.warmup_started_at,
    mailboxes.warmup_score as warmup_reputation,
    cast(null as bigint) as warmup_sent_count,
    cast(null as bigint) as warmup_spam_count,
    mailboxes.attributes,
    mailboxes.first_loaded_at,
    mailboxes.loaded_at,
    mailboxes._dlt_load_id as load_id
from {{ records('raw_instantly', 'mailboxes') }} as mailboxes
{{ join_client_map('instantly', 'mailboxes') }}
