-- Grain: one row a client, sending domain or mailbox and window of 7 or 30 days before the run, those without a
-- message included. Of the e-mails sent in the window, whenever and from whomever we know what came of them.
{% set delivered = 'messages.is_delivered and answered.is_returned is not true' %}
{% set counts = {
    'sent_count': '1',
    'delivered_count': 'nullif(' ~ delivered ~ ', false)',
    'bounced_count': 'nullif(messages.is_bounced or answered.is_returned, false)',
    'hard_bounced_count': "case when messages.bounce_type = 'hard' or answered.is_returned_for_good then 1 end",
    'complained_count': 'nullif((messages.is_complained or answered.is_reported) and ' ~ delivered ~ ', false)',
    'unsubscribed_count': 'nullif(messages.is_unsubscribed, false)',
    'replied_count': 'messages.replied_at',
    'human_replied_count': 'nullif(answered.is_human, false)',
    'positive_replied_count': 'nullif(answered.is_positive, false)',
} %}

with windows as (

    select
        spans.window_days,
        current_run.run_at,
        {{ plus_days('current_run.run_at', '-spans.window_days') }} as since_at
    from {{ source('ops', 'current_run') }} as current_run
    cross join (values (7), (30)) as spans (window_days)

),

answered as (

    select
        message_id,
        bool_or(is_human) as is_human,
        bool_or(is_positive) as is_positive,
        bool_or({{ is_lasting_bounce('bounce_type') }}) as is_returned,
        bool_or(bounce_type = 'hard') as is_returned_for_good,
        bool_or(is_complaint) as is_reported
    from {{ ref('replies') }}
    group by message_id

),

sent as (

    select
        cast(messages.client_id as text) as client,
        cast(messages.mailbox_id as text) as mailbox,
        caps.domain,
        windows.window_days,
        {% for name, counted in counts.items() %}
        count({{ counted }}) as {{ name }},
        {% endfor %}
        max(messages.sent_at) as last_sent_at
    from {{ ref('int_sent_messages') }} as messages
    inner join windows on messages.sent_at > windows.since_at and messages.sent_at <= windows.run_at
    left join {{ ref('mailbox_caps') }} as caps on messages.mailbox_id = caps.mailbox_id
    left join answered on messages.message_id = answered.message_id
    where messages.channel = 'email'
    group by messages.client_id, messages.mailbox_id, caps.domain, windows.window_days

),

totals as (

    {% for dimension in ['client', 'domain', 'mailbox'] -%}
    select
        '{{ dimension }}' as dimension,
        {{ dimension }} as scope,
        window_days,
        {% for name in counts %}
        cast(sum({{ name }}) as bigint) as {{ name }},
        {% endfor %}
        max(last_sent_at) as last_sent_at
    from sent
    where {{ dimension }} is not null
    group by {{ dimension }}, window_days
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

scopes as (

    select
        'client' as dimension,
        cast(client_id as text) as scope,
        client as value,
        client_id,
        cast(null as text) as fault
    from {{ ref('clients') }}
    union all
    select
        'domain' as dimension,
        domain as scope,
        domain as value,
        case
            when count(client_id) = count(*) and count(distinct client_id) = 1
                then cast(min(cast(client_id as text)) as uuid)
        end as client_id,
        cast(null as text) as fault
    from {{ ref('mailbox_caps') }}
    where domain is not null
    group by domain
    union all
    select
        'mailbox' as dimension,
        cast(mailbox_id as text) as scope,
        email as value,
        client_id,
        fault
    from {{ ref('mailbox_caps') }}

),

judged as (

    select
        scopes.*,
        windows.window_days,
        {% for name in counts %}
        coalesce(totals.{{ name }}, 0) as {{ name }},
        {% endfor %}
        totals.last_sent_at,
        {{ rate('totals.bounced_count', 'totals.sent_count') }} as bounce_rate,
        {{ wilson('totals.bounced_count', 'totals.sent_count', 'low') }} as bounce_rate_low,
        {{ wilson('totals.bounced_count', 'totals.sent_count', 'high') }} as bounce_rate_high,
        {{ rate('totals.complained_count', 'totals.delivered_count') }} as complaint_rate,
        {{ wilson('totals.complained_count', 'totals.delivered_count', 'low') }} as complaint_rate_low,
        {{ wilson('totals.complained_count', 'totals.delivered_count', 'high') }} as complaint_rate_high
    from scopes
    cross join windows
    left join totals
        on scopes.dimension = totals.dimension and scopes.scope = totals.scope
        and windows.window_days = totals.window_days

)

select
    {{ key('sending_health', ['dimension', 'scope', 'window_days']) }} as sending_health_id,
    client_id,
    dimension,
    value,
    window_days,
    {{ sending_verdict() }},
    {{ counts | join(',\n    ') }},
    last_sent_at,
    bounce_rate,
    bounce_rate_low,
    bounce_rate_high,
    complaint_rate,
    complaint_rate_low,
    complaint_rate_high
from judged
