select
    'hubspot' as source,
    meetings.account,
    meetings.id,
    {{ mapped_client() }} as client,
    'hubspot:' || meetings.account || ':' || meetings.contact_id as lead_key,
    meetings.title,
    case
        when meetings.activity_type is null then null
        when lower(replace(meetings.activity_type, ' ', '_'))
            in ('discovery', 'demo', 'follow_up', 'close', 'onboarding')
            then lower(replace(meetings.activity_type, ' ', '_'))
        else 'other'
    end as meeting_type,
    coalesce(meetings.booked_at, meetings.created_at) as booked_at,
    meetings.starts_at as scheduled_at,
    case upper(meetings.outcome)
        when 'SCHEDULED' then 'pending'
        when 'COMPLETED' then 'completed'
        when 'RESCHEDULED' then 'rescheduled'
        when 'NO_SHOW' then 'no_show'
        when 'CANCELED' then 'cancelled'
        when 'CANCELLED' then 'cancelled'
    end as outcome,
    meetings.owner_id as owner,
    coalesce(meetings.is_archived, false)
    or coalesce(meetings.is_gone, false)
    or told.id is not null as is_deleted,
    meetings.attributes,
    meetings.first_loaded_at,
    {{ later_load('meetings.loaded_at', 'meetings._dlt_load_id', 'told') }}
from {{ records('raw_hubspot', 'meetings') }} as meetings
{{ join_client_map('hubspot', 'meetings') }}
left join ({{ deleted_by_webhook('hubspot', ['meeting']) }}) as told
    on told.account = meetings.account and told.id = meetings.id and told.deleted_at >= meetings.updated_at
