-- Grain: one row a lead id that a build merged into another one, or split another one off from.
select
    log.old_lead_id,
    log.new_lead_id,
    lead_keys.lead_id,
    log.kind,
    log.reason,
    log.decided_by,
    log.changed_at
from {{ source('ops', 'lead_log') }} as log
left join {{ ref('lead_keys') }} as lead_keys on log.person_key = lead_keys.person_key
