-- Grain: one row a thread and a conversation of a source that messages of it are part of. One conversation may be
-- several threads, and one thread several conversations.
with named as (

    select
        message_id,
        cast(null as uuid) as reply_id,
        source,
        account,
        provider_thread_id
    from {{ ref('int_sent_messages') }}
    where provider_thread_id is not null
    union all
    select
        cast(null as uuid) as message_id,
        reply_id,
        source,
        account,
        provider_thread_id
    from {{ ref('received_replies') }}
    where provider_thread_id is not null

),

placed as (

    select
        messages.*,
        named.source,
        named.account,
        named.provider_thread_id
    from {{ ref('thread_messages') }} as messages
    inner join named on messages.message_id = named.message_id
    union all
    select
        messages.*,
        named.source,
        named.account,
        named.provider_thread_id
    from {{ ref('thread_messages') }} as messages
    inner join named on messages.reply_id = named.reply_id

)

select
    {{ key('thread_alias', ['thread_id', 'source', 'account', 'provider_thread_id']) }} as thread_alias_id,
    thread_id,
    client_id,
    lead_id,
    source,
    account,
    provider_thread_id,
    count(*) as message_count,
    min(occurred_at) as first_message_at,
    max(occurred_at) as last_message_at
from placed
group by thread_id, client_id, lead_id, source, account, provider_thread_id
