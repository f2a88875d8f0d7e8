-- The workspace's block list, and the leads who opted out of a campaign.
select
    'instantly' as source,
    entries.account,
    entries.id,
    {{ mapped_client() }} as client,
    entries.email,
    entries.email_key,
    entries.domain,
    entries.domain_key,
    'do_not_contact' as reason,
    cast(null as date) as expires_on,
    entries.attributes,
    entries.first_loaded_at,
    entries.loaded_at,
    entries._dlt_load_id as load_id
from {{ records('raw_instantly', 'block_list') }} as entries
{{ join_client_map('instantly', 'entries') }}
union all
select
    'instantly' as source,
    leads.account,
    'lead:' || leads.id as id,
    {{ mapped_client(campaign=true) }} as client,
    leads.email,
    leads.email_key,
    cast(null as text) as domain,
    cast(null as text) as domain_key,
    'unsubscribed' as reason,
    cast(null as date) as expires_on,
    cast(null as text) as attributes,
    leads.first_loaded_at,
    leads.loaded_at,
    leads._dlt_load_id as load_id
from {{ records('raw_instantly', 'leads', 'status = -2') }} as leads
{{ join_client_map('instantly', 'leads', 'leads.campaign_id') }}
where leads.status = -2 and leads.email_key is not null
