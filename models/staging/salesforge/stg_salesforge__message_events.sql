-- What the sending data date, replies, what a contact's status in its sequence says: that bounced or that opted out,
-- of the last e-mail, and what webhooks told of. Salesforge dates neither status: the last thing known stands in.
{% set states = [
    ('bounced', 'sent.sent_at'),
    ('unsubscribed', 'coalesce(sent.clicked_at, sent.opened_at, sent.sent_at)'),
] %}

with events as (

    {% for event_type, moment, first in [
        ('sent', 'sent_at', 'first_loaded_at'),
        ('opened', 'opened_at', 'first_opened_loaded_at'),
        ('clicked', 'clicked_at', 'first_clicked_loaded_at'),
    ] -%}
    select
        account,
        id || ':{{ event_type }}' as id,
        id as message_id,
        '{{ event_type }}' as event_type,
        {{ moment }} as occurred_at,
        {{ first }} as first_loaded_at,
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
        first_loaded_at,
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
        enrolments.first_loaded_at,
        enrolments.loaded_at,
        enrolments._dlt_load_id
    from {{ records('raw_salesforge', 'enrolments', "status = '" ~ event_type ~ "'") }} as enrolments
    inner join {{ ref('stg_salesforge__sent') }} as sent
        on enrolments.account = sent.account
        and enrolments.sequence_id = sent.sequence_id
        and enrolments.contact_id = sent.contact_id
        and sent.nth_last = 1
    where enrolments.status = '{{ event_type }}'
        and not exists (
            select 1 from {{ ref('stg_salesforge__told_events') }} as told
            where told.event_type = '{{ event_type }}'
                and told.message_id is not null
                and told.account = enrolments.account
                and told.sequence_id = enrolments.sequence_id
                and told.lead_key = enrolments.lead_key
        )
    {% endfor %}

),

api as (

    select
        *,
        cast(1 as bigint) as event_count,
        cast(null as text) as url,
        cast(null as text) as bounce_type
    from events

),

told as (

    -- a reply with its text is among the inbound e-mails
    select * from {{ ref('stg_salesforge__told_events') }}
    where message_id is not null and not (event_type = 'replied' and body is not null)

),

{{ told_once('api', 'told') }}

select
    'salesforge' as source,
    account,
    id,
    message_id,
    event_type,
    provider_event,
    occurred_at,
    event_count,
    url,
    cast(null as text) as ip,
    cast(null as text) as user_agent,
    case when event_type = 'bounced' then 'unknown' end as bounce_type,
    cast(null as text) as reason,
    cast(null as text) as attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from once
