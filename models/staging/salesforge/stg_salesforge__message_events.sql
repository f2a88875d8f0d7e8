-- What the sending data date, replies, and what a contact's status in its sequence says: that bounced or that
-- opted out, of the last e-mail. Salesforge dates neither: the last thing known stands in.
{% set states = [
    ('bounced', 'sent.sent_at'),
    ('unsubscribed', 'coalesce(sent.clicked_at, sent.opened_at, sent.sent_at)'),
] %}

with events as (

    {% for event_type, moment in [('sent', 'sent_at'), ('opened', 'opened_at'), ('clicked', 'clicked_at')] -%}
    select
        account,
        id || ':{{ event_type }}' as id,
        id as message_id,
        '{{ event_type }}' as event_type,
        {{ moment }} as occurred_at,
        loaded_at,
        _dlt_load_id
    from {{ ref('stg_salesforge__sent') }}
    where {{ moment }} is not null
    union all
    {% endfor %}
    select
        account,
        id || ':replied' as id,
        message_id,
        'replied' as event_type,
        occurred_at,
        loaded_at,
        _dlt_load_id
    from {{ ref('stg_salesforge__inbound') }}
    where message_id is not null
    {% for event_type, moment in states %}
    union all
    select
        enrolments.account,
        sent.id || ':{{ event_type }}' as id,
        sent.id as message_id,
        '{{ event_type }}' as event_type,
        {{ moment }} as occurred_at,
        enrolments.loaded_at,
        enrolments._dlt_load_id
    from {{ source('raw_salesforge', 'enrolments') }} as enrolments
    inner join {{ ref('stg_salesforge__sent') }} as sent
        on enrolments.account = sent.account
        and enrolments.sequence_id = sent.sequence_id
        and enrolments.contact_id = sent.contact_id
        and sent.nth_last = 1
    where enrolments._dlt_valid_to is null and enrolments.status = '{{ event_type }}'
    {% endfor %}

)

select
    'salesforge' as source,
    account,
    id,
    message_id,
    event_type,
    event_type as provider_event,
    occurred_at,
    cast(1 as bigint) as event_count,
    cast(null as text) as url,
    cast(null as text) as ip,
    cast(null as text) as user_agent,
    case when event_type = 'bounced' then 'unknown' end as bounce_type,
    cast(null as text) as reason,
    cast(null as text) as attributes,
    loaded_at,
    _dlt_load_id as load_id
from events
