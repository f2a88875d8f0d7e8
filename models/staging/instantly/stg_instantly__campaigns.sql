select
    'instantly' as source,
    campaigns.account,
    campaigns.id,
    {{ mapped_client(campaign=true) }} as client,
    coalesce(campaigns.name, campaigns.id) as name,
    case campaigns.status
        when 0 then 'draft'
        when 1 then 'active'
        when 2 then 'paused'
        when 3 then 'completed'
        when 4 then 'active'
        when -1 then 'stopped'
        when -2 then 'stopped'
        when -99 then 'stopped'
    end as status,
    'email' as channel,
    campaigns.created_at,
    campaigns.attributes,
    campaigns.first_loaded_at,
    campaigns.loaded_at,
    campaigns._dlt_load_id as load_id
from {{ records('raw_instantly', 'campaigns') }} as campaigns
{{ join_client_map('instantly', 'campaigns', 'campaigns.id') }}
