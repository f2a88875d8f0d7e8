-- The keys that make two records one person. A key that belongs to a function (info@…) connects nothing when
-- its record has a better key; a key that two provider ids claim connects only the older one's records.
with sightings as (

    select
        sightings.record_key,
        sightings.person_key,
        sightings.key_kind,
        sightings.loaded_at,
        roles.local_part is not null as is_role
    from {{ ref('int_person_sightings') }} as sightings
    inner join {{ ref('touched_people') }} as touched
        on sightings.person_key = touched.person_key
    left join {{ ref('role_mailboxes') }} as roles
        on sightings.key_kind = 'email'
        and roles.local_part = split_part(substr(sightings.person_key, 7), '@', 1)

),

records as (

    select
        record_key,
        min({{ bytewise('person_key') }}) filter (where key_kind = 'apollo') as apollo_key,
        bool_or(key_kind in ('apollo', 'linkedin') or (key_kind = 'email' and not is_role)) as is_personal
    from sightings
    group by record_key

),

provider_ids as (

    select
        person_key,
        min(loaded_at) as first_seen_at
    from sightings
    where key_kind = 'apollo'
    group by person_key

),

claims as (

    select
        sightings.person_key,
        records.apollo_key,
        row_number() over (
            partition by sightings.person_key
            order by min(provider_ids.first_seen_at), {{ bytewise('records.apollo_key') }}
        ) as claim_number
    from sightings
    inner join records on sightings.record_key = records.record_key
    inner join provider_ids on records.apollo_key = provider_ids.person_key
    where sightings.key_kind in ('email', 'linkedin')
    group by sightings.person_key, records.apollo_key

)

select
    sightings.record_key,
    sightings.person_key
from sightings
inner join records on sightings.record_key = records.record_key
left join claims as owner
    on sightings.person_key = owner.person_key and owner.claim_number = 1
where
    not (sightings.is_role and records.is_personal)
    and not (
        owner.apollo_key is not null
        and records.apollo_key is not null
        and owner.apollo_key <> records.apollo_key
    )
