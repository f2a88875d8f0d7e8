-- Leads whose rows this run replaces: those that touched keys lead to now, and those they led to last night.
{{ config(materialized='table') }}

select lead_keys.lead_id
from {{ ref('touched_people') }} as touched
inner join {{ ref('lead_keys') }} as lead_keys on touched.person_key = lead_keys.person_key
union
select old_lead_id as lead_id
from {{ ref('touched_people') }}
where old_lead_id is not null
