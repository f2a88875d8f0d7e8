-- Grain: one row a meeting.
-- depends_on: {{ ref('touched_people') }} (it reads last night's rows of this table)
select
    {{ key('meeting', ['meetings.source', 'meetings.account', 'meetings.id']) }} as meeting_id,
    {{ client_key('meetings.client') }} as client_id,
    lead_keys.lead_id,
    meetings.title,
    coalesce(meetings.meeting_type, 'other') as meeting_type,
    meetings.booked_at,
    meetings.scheduled_at,
    coalesce(meetings.outcome, 'pending') as outcome,
    meetings.owner,
    case when meetings.is_deleted then meetings.loaded_at end as deleted_at,
    meetings.loaded_at as updated_at
from {{ ref('int_meetings') }} as meetings
left join {{ ref('lead_keys') }} as lead_keys on meetings.lead_key = lead_keys.person_key
