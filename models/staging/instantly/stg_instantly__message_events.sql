with events as (

    select
        account,
        id || ':sent' as id,
        id as message_id,
        'sent' as event_type,
        sent_at as occurred_at,
        cast(1 as bigint) as event_count,
        first_loaded_at,
        loaded_at,
        load_id
    from {{ ref('stg_instantly__messages') }}
    union all
    select
        account,
        id,
        message_id,
        event_type,
        occurred_at,
        event_count,
        first_loaded_at,
        loaded_at,
        _dlt_load_id as load_id
    from {{ ref('stg_instantly__reactions') }}

)

select
    'instantly' as source,
    account,
    id,
    message_id,
    event_type,
    event_type as provider_event,
    occurred_at,
    event_count,
    cast(null as text) as url,
    cast(null as text) as ip,
    cast(null as text) as user_agent,
    case when event_type = 'bounced' then 'unknown' end as bounce_type,
    cast(null as text) as reason,
    cast(null as text) as attributes,
    first_loaded_at,
    loaded_at,
    load_id
from events
