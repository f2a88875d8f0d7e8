-- Events, without the copies that each invitee has, without the pattern of a series, and without calls and e-mails.
-- An own field of the organization may say how one went; where there is none, one that is over was held.
with events as (

    select
        *,
        lower(replace(replace(replace(outcome, ' ', '_'), '-', '_'), '/', '_')) as said
    from {{ records('raw_salesforce', 'events') }} as events
    where not coalesce(is_child, false)
        and not coalesce(is_series, false)
        and coalesce(lower(type), '') not in ('call', 'email')

)

select
    'salesforce' as source,
    events.account,
    events.id,
    {{ mapped_client() }} as client,
    'salesforce:' || events.account || ':' || events.who_id as lead_key,
    events.subject as title,
    case
        when events.type is null or lower(events.type) = 'meeting' then null
        when lower(replace(events.type, ' ', '_'))
            in ('discovery', 'demo', 'follow_up', 'close', 'onboarding')
            then lower(replace(events.type, ' ', '_'))
        else 'other'
    end as meeting_type,
    events.created_at as booked_at,
    events.starts_at as scheduled_at,
    case
        when events.said in ('scheduled', 'planned', 'pending') then 'pending'
        when events.said in ('completed', 'held', 'done', 'attended') then 'completed'
        when events.said in ('rescheduled', 'postponed') then 'rescheduled'
        when events.said in ('no_show', 'noshow', 'did_not_attend') then 'no_show'
        when events.said in ('canceled', 'cancelled') then 'cancelled'
        when events.said is null and events.is_over then 'completed'
        when events.said is null then 'pending'
    end as outcome,
    events.owner_id as owner,
    coalesce(events.is_deleted, false) or coalesce(events.is_gone, false) as is_deleted,
    events.attributes,
    events.first_loaded_at,
    events.loaded_at,
    events._dlt_load_id as load_id
from events
{{ join_client_map('salesforce', 'events') }}
