-- Every mention of a person, by whatever key: a record's own keys (in all its versions, so that an old address
-- still leads to the person), references from other entities, and decisions about keys that were sighted.
{{ config(materialized='table') }}

with lead_references as (

    {% for entity in ['campaign_leads', 'messages', 'replies', 'meetings', 'deals', 'outcomes'] %}
    select
        lead_key,
        min(loaded_at) as loaded_at
    from {{ ref('int_' ~ entity) }}
    where lead_key is not null
    group by lead_key
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

sightings as (

    select
        source || ':' || account || ':' || id as record_key,
        person_key,
        key_kind,
        loaded_at
    from {{ ref('int_person_keys') }}
    union all
    select
        lead_key as record_key,
        lead_key as person_key,
        'reference' as key_kind,
        min(loaded_at) as loaded_at
    from lead_references
    group by lead_key

)

select * from sightings
union all
select
    link as record_key,
    person_key,
    'link' as key_kind,
    cast(null as timestamptz) as loaded_at
from {{ source('ops', 'person_links') }}
where person_key in (select person_key from sightings)
