-- Grain: one row a mailbox, by its address: those that a source lists and those that something was sent from. An
-- address that several accounts are connected to is one mailbox; what is said of it comes from the newest of them.
{% set newest = 'connections.created_at desc nulls last, connections.loaded_at desc, '
    ~ bytewise('connections.source') ~ ', ' ~ bytewise('connections.account') ~ ', '
    ~ bytewise('connections.id') %}

with connections as (

    select
        *,
        {{ mailbox_address('coalesce(email, id)') }} as address
    from {{ ref('int_mailboxes') }}

),

connected as (

    select
        connections.address,
        {% for column in ['source', 'account', 'provider', 'status', 'daily_limit', 'warmup_status',
            'warmup_started_at', 'warmup_reputation', 'warmup_sent_count', 'warmup_spam_count'] %}
        (array_agg(connections.{{ column }} order by {{ newest }}))[1] as {{ column }},
        {% endfor %}
        min(connections.created_at) as created_at,
        count(*) as connection_count,
        min(connections.client) as first_client,
        max(connections.client) as last_client,
        min(connections.first_loaded_at) as first_loaded_at,
        max(connections.loaded_at) as updated_at
    from connections
    group by connections.address

),

used as (

    select
        {{ mailbox_address('mailbox') }} as address,
        count(*) as message_count,
        cast(min(cast(client_id as text)) as uuid) as first_client_id,
        cast(max(cast(client_id as text)) as uuid) as last_client_id,
        min(sent_at) as first_sent_at,
        max(sent_at) as last_sent_at,
        min(first_loaded_at) as first_loaded_at,
        max(updated_at) as updated_at
    from {{ ref('int_sent_messages') }}
    where mailbox_id is not null
    group by {{ mailbox_address('mailbox') }}

),

known as (

    select
        connected.*,
        used.first_client_id,
        used.last_client_id,
        used.message_count,
        used.first_sent_at,
        used.last_sent_at,
        used.first_loaded_at as first_used_at,
        used.updated_at as last_used_at,
        coalesce(connected.address, used.address) as email,
        {{ client_key('connected.first_client') }} as connected_client_id
    from connected
    full join used on connected.address = used.address

)

select
    {{ mailbox_key('email') }} as mailbox_id,
    case
        when first_client <> last_client or first_client_id <> last_client_id then null
        when connected_client_id <> first_client_id then null
        else coalesce(connected_client_id, first_client_id)
    end as client_id,
    email,
    nullif(split_part(email, '@', 2), '') as domain,
    source,
    account,
    provider,
    status,
    daily_limit,
    created_at,
    warmup_status,
    warmup_started_at,
    cast(warmup_reputation as decimal(5, 2)) as warmup_reputation,
    warmup_sent_count,
    warmup_spam_count,
    coalesce(connection_count, 0) as connection_count,
    coalesce(message_count, 0) as message_count,
    first_sent_at,
    last_sent_at,
    least(first_loaded_at, first_used_at) as first_loaded_at,
    greatest(updated_at, last_used_at) as updated_at
from known
