-- Grain: one row a client, a channel and, by e-mail, a campaign (null: whatever the campaign): how many messages may
-- be sent on the UTC day of the run, and have been. A campaign sends from the mailboxes that it has sent from.
{% set caps = {'sms': 100, 'linkedin': 17, 'voice': 50, 'mail': 20} %}

with senders as (

    select
        client_id,
        cast(null as uuid) as campaign_id,
        mailbox_id
    from {{ ref('mailbox_caps') }}
    where client_id is not null
    union all
    select distinct
        client_id,
        campaign_id,
        mailbox_id
    from {{ ref('int_sent_messages') }}
    where client_id is not null and campaign_id is not null and mailbox_id is not null and channel = 'email'

),

by_mailbox as (

    select
        senders.client_id,
        'email' as channel,
        senders.campaign_id,
        count(*) as mailbox_count,
        cast(sum(mailboxes.daily_cap) as bigint) as daily_cap,
        cast(sum(mailboxes.sent_count) as bigint) as sent_count,
        cast(sum(mailboxes.left_count) as bigint) as left_count,
        cast(sum(greatest(mailboxes.warmup_cap - mailboxes.sent_count, 0)) as bigint) as warmup_left_count
    from senders
    inner join {{ ref('mailbox_caps') }} as mailboxes on senders.mailbox_id = mailboxes.mailbox_id
    where mailboxes.fault is null
    group by senders.client_id, senders.campaign_id

),

by_channel as (

    select
        messages.client_id,
        messages.channel,
        case messages.channel
            {% for channel, cap in caps.items() %}
            when '{{ channel }}' then {{ cap }}
            {% endfor %}
        end as daily_cap,
        count(case
            when {{ utc_day('messages.sent_at') }} = {{ utc_day('current_run.run_at') }}
                and messages.sent_at <= current_run.run_at
                then 1
        end) as sent_count
    from {{ ref('int_sent_messages') }} as messages
    cross join {{ source('ops', 'current_run') }} as current_run
    where messages.client_id is not null and messages.channel in ('sms', 'linkedin', 'voice', 'mail')
    group by messages.client_id, messages.channel

),

limits as (

    select * from by_mailbox
    union all
    select
        client_id,
        channel,
        cast(null as uuid) as campaign_id,
        cast(null as bigint) as mailbox_count,
        cast(daily_cap as bigint) as daily_cap,
        sent_count,
        greatest(daily_cap - sent_count, 0) as left_count,
        cast(null as bigint) as warmup_left_count
    from by_channel

)

select
    {{ key('send_cap', ['limits.client_id', 'limits.channel', 'limits.campaign_id']) }} as send_cap_id,
    limits.*,
    {{ start_of_day(utc_day('current_run.run_at') ~ ' + 1', "'UTC'") }} as resets_at
from limits
cross join {{ source('ops', 'current_run') }} as current_run
