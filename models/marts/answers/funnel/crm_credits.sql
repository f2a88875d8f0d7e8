-- Grain: one row a meeting or deal that follows a touch: the campaign it is credited to, which is its last
-- touch's.
select
    kind,
    coalesce(deal_id, meeting_id) as result_id,
    lead_id,
    client_id,
    campaign_id,
    message_id,
    began_at
from {{ ref('attribution') }}
where model = 'last_touch'
