-- Grain: one row a message to a lead that somebody else holds or last held. The agency's alone.
select
    messages.message_id,
    messages.lead_id,
    messages.client_id,
    assignments.client_id as owner_client_id,
    assignments.assignment_id,
    case when history.status = 'expired' then 'no_assignment' else 'other_owner' end as kind,
    history.status as owner_status,
    messages.campaign_id,
    messages.channel,
    messages.sent_at
from {{ ref('int_sent_messages') }} as messages
inner join {{ ref('assignments') }} as assignments
    on messages.lead_id = assignments.lead_id and messages.client_id <> assignments.client_id
inner join {{ ref('assignment_history') }} as history
    on assignments.assignment_id = history.assignment_id
    and messages.sent_at >= history.occurred_at
    and (history.until_at is null or messages.sent_at < history.until_at)
