-- Grain: one row a person key. Which lead each key leads to: the keys that records connect are one person,
-- and the person's id is made of the key that was seen first, so that the oldest id survives a merge. What
-- somebody split stays apart whatever connects it.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='person_key',
    touched='touched_people',
) }}

with recursive nodes as (

    select
        sightings.person_key,
        min(sightings.loaded_at) as first_seen_at,
        min(case sightings.key_kind
            when 'apollo' then 1 when 'email' then 2 when 'linkedin' then 3 when 'record' then 4 else 5
        end) as trust_rank
    from {{ ref('int_person_sightings') }} as sightings
    inner join {{ ref('touched_people') }} as touched
        on sightings.person_key = touched.person_key
    group by sightings.person_key

),

parts as (

    select
        person_key,
        part
    from {{ ref('int_person_parts') }}

),

edges as (

    select distinct
        mine.person_key as from_key,
        theirs.person_key as to_key
    from {{ ref('int_person_edges') }} as mine
    inner join {{ ref('int_person_edges') }} as theirs on mine.record_key = theirs.record_key
    left join parts as my_part on mine.person_key = my_part.person_key
    left join parts as their_part on theirs.person_key = their_part.person_key
    where
        mine.person_key <> theirs.person_key
        and coalesce(my_part.part, their_part.part, '') = coalesce(their_part.part, my_part.part, '')

),

reached as (

    select
        person_key,
        person_key as reached_key
    from nodes
    union
    select
        reached.person_key,
        edges.to_key
    from reached
    inner join edges on reached.reached_key = edges.from_key

),

oldest as (

    select
        reached.person_key,
        reached.reached_key as oldest_key,
        row_number() over (
            partition by reached.person_key
            order by nodes.first_seen_at, nodes.trust_rank, {{ bytewise('reached.reached_key') }}
        ) as age_rank
    from reached
    inner join nodes on reached.reached_key = nodes.person_key

)

select
    oldest.person_key,
    {{ key('lead', ['oldest.oldest_key']) }} as lead_id,
    nodes.first_seen_at
from oldest
inner join nodes on oldest.person_key = nodes.person_key
where oldest.age_rank = 1
