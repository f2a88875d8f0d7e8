-- Grain: one row a meeting.
-- depends_on: {{ ref('touched_people') }} (it reads last night's rows of this table)
with touches as (

    select
        result_id,
        count(*) as touch_count,
        min(sent_at) as first_touch_at,
        {{ best(
            'message_id', 'case when takes_credit then 0 else 1 end, sent_at desc, message_id desc'
        ) }} as converting_message_id
    from {{ ref('int_result_touches') }}
    where kind = 'meeting'
    group by result_id

)

select
    {{ key('meeting', ['meetings.source', 'meetings.account', 'meetings.id']) }} as meeting_id,
    {{ client_key('meetings.client') }} as client_id,
    lead_keys.lead_id,
    meetings.title,
    coalesce(meetings.meeting_type, 'other') as meeting_type,
    meetings.booked_at,
    meetings.scheduled_at,
    coalesce(meetings.outcome, 'pending') as outcome,
    case
        when meetings.outcome in ('good', 'bad', 'completed') then true
        when meetings.outcome = 'no_show' then false
    end as showed_up,
    coalesce(touches.touch_count, 0) as touch_count,
    touches.first_touch_at,
    {{ whole_days('touches.first_touch_at', 'meetings.booked_at') }} as days_to_booking,
    touches.converting_message_id,
    meetings.owner,
    case when meetings.is_deleted then meetings.loaded_at end as deleted_at,
    meetings.first_loaded_at,
    meetings.loaded_at as updated_at
from {{ ref('int_meetings') }} as meetings
left join {{ ref('lead_keys') }} as lead_keys on meetings.lead_key = lead_keys.person_key
left join touches
    on {{ key('meeting', ['meetings.source', 'meetings.account', 'meetings.id']) }} = touches.result_id
