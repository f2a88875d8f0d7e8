-- Grain: one row a key of a person whom somebody split. Keys that came later go with the oldest of the placed
-- keys that they share a record with, else of those that they are connected with through others, so that nothing
-- new joins what was split by hand.
with recursive placed as (

    select
        parts.person_key,
        parts.part,
        min(sightings.loaded_at) as first_seen_at
    from {{ source('ops', 'person_parts') }} as parts
    inner join {{ ref('int_person_sightings') }} as sightings on parts.person_key = sightings.person_key
    group by parts.person_key, parts.part

),

edges as (

    select
        edges.record_key,
        edges.person_key,
        placed.person_key is null as is_free
    from {{ ref('int_person_edges') }} as edges
    left join placed on edges.person_key = placed.person_key

),

walk as (

    select
        placed.person_key as origin,
        theirs.person_key,
        1 as distance
    from placed
    inner join edges as mine on placed.person_key = mine.person_key
    inner join edges as theirs on mine.record_key = theirs.record_key and theirs.is_free
    union
    select
        walk.origin,
        theirs.person_key,
        2 as distance
    from walk
    inner join edges as mine on walk.person_key = mine.person_key
    inner join edges as theirs on mine.record_key = theirs.record_key and theirs.is_free

),

followers as (

    select
        walk.person_key,
        placed.part,
        row_number() over (
            partition by walk.person_key
            order by walk.distance, placed.first_seen_at, {{ bytewise('walk.origin') }}
        ) as claim_number
    from walk
    inner join placed on walk.origin = placed.person_key

)

select
    person_key,
    part
from placed
union all
select
    person_key,
    part
from followers
where claim_number = 1
