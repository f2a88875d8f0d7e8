-- Every event on a message, with its lead and whether a program rather than a person caused it. Unknown, and
-- not false, where the source gives neither address, agent nor an exact time.
with events as (

    select
        events.*,
        messages.lead_id,
        messages.client_id,
        messages.message_id as message_key,
        messages.sent_at,
        min(case when events.event_type = 'delivered' then events.occurred_at end)
            over (partition by messages.message_id) as delivered_at
    from {{ ref('int_message_events') }} as events
    inner join {{ ref('int_message_leads') }} as messages
        on events.source = messages.source and events.account = messages.account
        and events.message_id = messages.id and messages.deleted_at is null

),

agents as (

    select
        events.source,
        events.account,
        events.id,
        min(agents.machine_reason) as machine_reason
    from events
    inner join {{ ref('machine_agents') }} as agents on lower(events.user_agent) like agents.pattern
    group by events.source, events.account, events.id

),

judged as (

    select
        events.*,
        events.event_type in ('opened', 'clicked') as is_reaction,
        agents.machine_reason as agent_reason,
        extract(epoch from (events.occurred_at - coalesce(events.delivered_at, events.sent_at)))
            as seconds_after,
        events.ip is not null
        or events.user_agent is not null
        or date_trunc('day', events.occurred_at at time zone 'UTC') <> events.occurred_at at time zone 'UTC'
            as is_knowable
    from events
    left join agents
        on events.source = agents.source and events.account = agents.account and events.id = agents.id

)

select
    {{ key('event', ['source', 'account', 'id']) }} as event_id,
    message_key as message_id,
    lead_id,
    client_id,
    event_type,
    provider_event,
    occurred_at,
    coalesce(event_count, 1) as event_count,
    case
        when not is_reaction or not is_knowable then null
        else agent_reason is not null or (seconds_after >= 0 and seconds_after < 10)
    end as is_machine,
    case
        when not is_reaction then null
        when agent_reason is not null then agent_reason
        when is_knowable and seconds_after >= 0 and seconds_after < 10 then 'too_fast'
    end as machine_reason,
    url,
    bounce_type,
    reason,
    first_loaded_at,
    loaded_at
from judged
