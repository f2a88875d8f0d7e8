-- Grain: one row an inbound e-mail or LinkedIn message, with the e-mail it answers: the last one that its
-- sequence sent to the contact before it. E-mails that only a webhook brought are among them.
with emails as (

    select * from {{ records('raw_salesforge', 'thread_emails') }} as thread_emails
    where direction = 'inbound'

),

told as (

    select
        *,
        row_number() over (partition by account, coalesce(reply_id, id) order by occurred_at, id) as nth
    from {{ ref('stg_salesforge__told_events') }}
    where event_type = 'replied' and body is not null and lead_key is not null

),

inbound as (

    select
        account,
        id,
        workspace_id,
        sequence_id,
        lead_key,
        thread_id,
        'email' as channel,
        from_email,
        subject,
        body,
        label,
        occurred_at,
        attributes,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from emails
    union all
    select
        told.account,
        'webhook:' || coalesce(told.reply_id, told.id) as id,
        told.workspace_id,
        told.sequence_id,
        told.lead_key,
        cast(null as text) as thread_id,
        'email' as channel,
        told.from_email,
        told.subject,
        told.body,
        cast(null as text) as label,
        told.occurred_at,
        cast(null as text) as attributes,
        told.first_loaded_at,
        told.loaded_at,
        told._dlt_load_id
    from told
    where told.nth = 1
        and {{ is_not_shown('emails', 'message_id', 'reply_id', 'sequence_id', 'occurred_at') }}
    union all
    select
        account,
        'linkedin:' || id as id,
        workspace_id,
        sequence_id,
        lead_key,
        thread_id,
        'linkedin' as channel,
        cast(null as text) as from_email,
        subject,
        body,
        label,
        occurred_at,
        attributes,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ records('raw_salesforge', 'linkedin_messages') }} as linkedin_messages
    where direction = 'inbound'

),

answered as (

    select
        inbound.account,
        inbound.id,
        sent.id as message_id,
        row_number() over (
            partition by inbound.account, inbound.id
            order by sent.sent_at desc, sent.id
        ) as nearness
    from inbound
    inner join {{ ref('stg_salesforge__sent') }} as sent
        on inbound.account = sent.account
        and inbound.lead_key = sent.lead_key
        and inbound.sequence_id = sent.sequence_id
        and inbound.occurred_at >= sent.sent_at
    where inbound.channel = 'email'

)

select
    inbound.*,
    answered.message_id
from inbound
left join answered
    on inbound.account = answered.account and inbound.id = answered.id and answered.nearness = 1
