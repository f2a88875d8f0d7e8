-- Grain: one row a lead and a client it was found for, enrolled for or contacted for.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}

with pairs as (

    select
        records.lead_id,
        {{ client_key('found.client') }} as client_id,
        found.first_loaded_at as found_at,
        cast(null as timestamptz) as enrolled_at,
        cast(null as timestamptz) as sent_at,
        found.loaded_at
    from {{ ref('int_people_clients') }} as found
    inner join {{ ref('int_lead_records') }} as records
        on found.source = records.source and found.account = records.account and found.id = records.id
    union all
    select
        lead_id,
        client_id,
        first_loaded_at as found_at,
        added_at as enrolled_at,
        cast(null as timestamptz) as sent_at,
        updated_at as loaded_at
    from {{ ref('campaign_leads') }}
    where client_id is not null and lead_id in (select lead_id from {{ ref('touched_leads') }})
    union all
    select
        lead_id,
        client_id,
        first_loaded_at as found_at,
        cast(null as timestamptz) as enrolled_at,
        sent_at,
        loaded_at
    from {{ ref('int_message_leads') }}
    where client_id is not null and deleted_at is null

)

select
    lead_id,
    client_id,
    min(found_at) as found_at,
    min(enrolled_at) as enrolled_at,
    min(sent_at) as first_contacted_at,
    max(sent_at) as last_contacted_at,
    count(sent_at) as touch_count,
    min(found_at) as first_loaded_at,
    max(loaded_at) as updated_at
from pairs
group by lead_id, client_id
