-- A mailbox that was connected a second time is the one that was connected last.
with mailboxes as (

    select
        *,
        min(first_loaded_at) over (partition by account, coalesce(email_key, lower(email))) as first_seen_at,
        row_number() over (
            partition by account, coalesce(email_key, lower(email))
            order by created_at desc nulls last, id desc
        ) as recency
    from {{ records('raw_smartlead', 'mailboxes') }} as mailboxes

)

select
    'smartlead' as source,
    mailboxes.account,
    coalesce(mailboxes.email_key, lower(mailboxes.email)) as id,
    {{ mapped_client(provider_client=true) }} as client,
    mailboxes.email,
    mailboxes.email_key,
    case upper(mailboxes.type)
        when 'GMAIL' then 'google'
        when 'OUTLOOK' then 'microsoft'
        when 'SMTP' then 'smtp'
        else case when mailboxes.type is not null then 'other' end
    end as provider,
    case
        when not mailboxes.is_smtp_success or not mailboxes.is_imap_success then 'error'
        when mailboxes.is_smtp_success then 'active'
    end as status,
    mailboxes.daily_limit,
    mailboxes.created_at,
    case
        when mailboxes.is_warmup_blocked then 'blocked'
        when upper(mailboxes.warmup_status) = 'ACTIVE' then 'active'
        when mailboxes.warmup_status is not null then 'paused'
    end as warmup_status,
    mailboxes.warmup_started_at,
    mailboxes.warmup_reputation,
    mailboxes.warmup_sent_count,
    mailboxes.warmup_spam_count,
    mailboxes.attributes,
    mailboxes.first_seen_at as first_loaded_at,
    mailboxes.loaded_at,
    mailboxes._dlt_load_id as load_id
from mailboxes
{{ join_client_map('smartlead', 'mailboxes', provider_client='mailboxes.provider_client_id') }}
where mailboxes.recency = 1
