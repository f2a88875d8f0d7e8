-- Grain: one row a mailbox and UTC day on which something was sent from it. What came of a message counts on the
-- day that it was sent, however late it came, so that every count is a part of those sent.
with sent as (

    select
        mailbox_id,
        {{ utc_day('sent_at') }} as sent_on,
        count(*) as sent_count,
        count(distinct lead_id) as lead_count,
        count(nullif(is_delivered, false)) as delivered_count,
        count(nullif(is_bounced, false)) as bounced_count,
        count(case when bounce_type = 'hard' then 1 end) as hard_bounced_count,
        count(case when bounce_type = 'soft' then 1 end) as soft_bounced_count,
        count(case when bounce_type = 'unknown' then 1 end) as unknown_bounced_count,
        count(nullif(is_complained, false)) as complained_count,
        count(nullif(is_unsubscribed, false)) as unsubscribed_count,
        count(replied_at) as replied_count,
        min(first_loaded_at) as first_loaded_at,
        max(updated_at) as updated_at
    from {{ ref('int_sent_messages') }}
    where mailbox_id is not null
    group by mailbox_id, {{ utc_day('sent_at') }}

),

aged as (

    select
        sent.*,
        mailboxes.client_id,
        mailboxes.daily_limit,
        {{ mailbox_age('mailboxes.created_at', 'sent.sent_on') }} as age_days
    from sent
    inner join {{ ref('mailboxes') }} as mailboxes on sent.mailbox_id = mailboxes.mailbox_id

)

select
    {{ key('mailbox_day', ['mailbox_id', 'sent_on']) }} as mailbox_day_id,
    mailbox_id,
    client_id,
    sent_on,
    age_days,
    {{ warmup_cap('age_days') }} as warmup_cap,
    daily_limit,
    least(daily_limit, {{ warmup_cap('age_days') }}) as daily_cap,
    greatest(sent_count - least(daily_limit, {{ warmup_cap('age_days') }}), 0) as over_cap_count,
    sent_count,
    lead_count,
    delivered_count,
    bounced_count,
    hard_bounced_count,
    soft_bounced_count,
    unknown_bounced_count,
    complained_count,
    unsubscribed_count,
    replied_count,
    first_loaded_at,
    updated_at
from aged
