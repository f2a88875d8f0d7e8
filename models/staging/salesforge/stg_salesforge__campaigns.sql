-- Sequences of e-mails, and those of e-mail and LinkedIn together; their ids differ in kind.
with sequences as (

    select
        account,
        id,
        workspace_id,
        name,
        status,
        created_at,
        attributes,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ records('raw_salesforge', 'sequences') }} as sequences
    union all
    select
        account,
        id,
        workspace_id,
        name,
        status,
        coalesce(created_at, launched_at) as created_at,
        attributes,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ records('raw_salesforge', 'multichannel_sequences') }} as multichannel_sequences

)

select
    'salesforge' as source,
    sequences.account,
    sequences.id,
    {{ mapped_client(campaign=true, provider_client=true) }} as client,
    coalesce(sequences.name, sequences.id) as name,
    case lower(sequences.status)
        when 'deleted' then 'stopped'
        when 'video_pending' then 'draft'
        else lower(sequences.status)
    end as status,
    'email' as channel,
    sequences.created_at,
    sequences.attributes,
    sequences.first_loaded_at,
    sequences.loaded_at,
    sequences._dlt_load_id as load_id
from sequences
{{ join_client_map('salesforge', 'sequences', 'sequences.id', 'sequences.workspace_id') }}
