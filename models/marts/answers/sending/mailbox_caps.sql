-- Grain: one row a mailbox, with how many messages it may send on the UTC day of the run, and has sent.
with aged as (

    select
        mailboxes.*,
        {{ utc_day('current_run.run_at') }} as run_on,
        current_run.run_at,
        {{ mailbox_age('mailboxes.created_at', utc_day('current_run.run_at')) }} as age_days
    from {{ ref('mailboxes') }} as mailboxes
    cross join {{ source('ops', 'current_run') }} as current_run

),

capped as (

    select
        aged.*,
        {{ warmup_cap('age_days') }} as warmup_cap,
        least(daily_limit, {{ warmup_cap('age_days') }}) as daily_cap
    from aged

),

sent as (

    select
        capped.mailbox_id,
        count(*) as sent_count
    from capped
    inner join {{ ref('int_sent_messages') }} as messages
        on capped.mailbox_id = messages.mailbox_id
        and messages.sent_at <= capped.run_at
        and {{ utc_day('messages.sent_at') }} = capped.run_on
    group by capped.mailbox_id

)

select
    capped.mailbox_id,
    capped.client_id,
    capped.email,
    capped.domain,
    case
        when capped.status = 'error' then 'disconnected'
        when capped.warmup_status = 'blocked' then 'warmup_blocked'
    end as fault,
    capped.run_on as capped_on,
    capped.age_days,
    capped.daily_limit,
    capped.warmup_cap,
    capped.daily_cap,
    coalesce(sent.sent_count, 0) as sent_count,
    greatest(capped.daily_cap - coalesce(sent.sent_count, 0), 0) as left_count
from capped
left join sent on capped.mailbox_id = sent.mailbox_id
