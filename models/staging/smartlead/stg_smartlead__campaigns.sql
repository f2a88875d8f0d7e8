select
    'smartlead' as source,
    campaigns.account,
    campaigns.id,
    {{ mapped_client(campaign=true, provider_client=true) }} as client,
    coalesce(campaigns.name, campaigns.id) as name,
    case campaigns.status
        when 'DRAFTED' then 'draft'
        else lower(campaigns.status)
    end as status,
    'email' as channel,
    campaigns.created_at,
    campaigns.attributes,
    campaigns.first_loaded_at,
    campaigns.loaded_at,
    campaigns._dlt_load_id as load_id
from {{ records('raw_smartlead', 'campaigns') }} as campaigns
{{ join_client_map('smartlead', 'campaigns', 'campaigns.id', 'campaigns.client_id') }}
