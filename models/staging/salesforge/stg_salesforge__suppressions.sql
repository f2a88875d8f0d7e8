-- A workspace's list of whom not to contact (LinkedIn profiles on it have no column here), and the contacts who
-- opted out of a sequence.
select
    'salesforge' as source,
    entries.account,
    'dnc:' || entries.workspace_id || ':' || entries.value as id,
    {{ mapped_client(provider_client=true) }} as client,
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
from {{ records('raw_salesforge', 'dnc') }} as entries
{{ join_client_map('salesforge', 'entries', none, 'entries.workspace_id') }}
where entries.type in ('email', 'domain')
union all
select
    'salesforge' as source,
    contacts.account,
    'contact:' || contacts.id as id,
    {{ mapped_client(provider_client=true) }} as client,
    contacts.email,
    contacts.email_key,
    cast(null as text) as domain,
    cast(null as text) as domain_key,
    'unsubscribed' as reason,
    cast(null as date) as expires_on,
    cast(null as text) as attributes,
    contacts.first_loaded_at,
    contacts.loaded_at,
    contacts._dlt_load_id as load_id
from {{ records('raw_salesforge', 'contacts', 'is_unsubscribed') }} as contacts
{{ join_client_map('salesforge', 'contacts', none, 'contacts.workspace_id') }}
where contacts.is_unsubscribed and contacts.email_key is not null
