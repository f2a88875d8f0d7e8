-- What a message's statistics row says now, and what webhooks told of. Smartlead counts opens and clicks and dates
-- the first of them. It does not date bounces and opt-outs: the sending, or the last thing known, stands in.
{% set events = [
    ('sent', 'sent_time', 'sent_time is not null', '1'),
    ('opened', 'open_time', 'open_time is not null', 'open_count'),
    ('clicked', 'click_time', 'click_time is not null', 'click_count'),
    ('replied', 'reply_time', 'reply_time is not null', '1'),
    ('bounced', 'coalesce(bounce_time, sent_time)', 'is_bounced', '1'),
    (
        'unsubscribed',
        'coalesce(unsubscribe_time, reply_time, click_time, open_time, sent_time)',
        'is_unsubscribed',
        '1',
    ),
] %}

with api as (

    {% for event_type, moment, condition, event_count in events -%}
    select
        account,
        id || ':{{ event_type }}' as id,
        id as message_id,
        '{{ event_type }}' as event_type,
        {{ moment }} as occurred_at,
        cast({{ event_count }} as bigint) as event_count,
        cast(null as text) as url,
        bounce_type,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ records(
        'raw_smartlead', 'statistics', condition ~ ' and ' ~ moment ~ ' is not null'
    ) }} as statistics
    where {{ condition }} and {{ moment }} is not null
    {% if not loop.last %}union all
    {% endif -%}
    {% endfor %}
),

told as (

    select * from {{ ref('stg_smartlead__told_events') }}
    where message_id is not null

),

{{ told_once('api', 'told') }}

select
    'smartlead' as source,
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
    case
        when event_type = 'bounced'
            then
                case
                    when lower(bounce_type) in ('hard', 'soft') then lower(bounce_type)
                    else 'unknown'
                end
    end as bounce_type,
    cast(null as text) as reason,
    cast(null as text) as attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from once
