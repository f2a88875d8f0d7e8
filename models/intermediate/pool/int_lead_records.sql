-- This run's slice: every current person record of a touched lead, and how much its source is trusted where
-- two records are equally new.
select
    lead_keys.lead_id,
    people.*,
    people.source || ':' || people.account || ':' || people.id as record_key,
    case people.source
        when 'apollo' then 1 when 'hubspot' then 2 when 'pipedrive' then 3 when 'salesforce' then 4
        when 'smartlead' then 5 when 'instantly' then 5 when 'salesforge' then 5 else 6
    end as source_rank,
    case people.email_status
        when 'verified' then 1 when 'catch_all' then 2 when 'guessed' then 3 when 'invalid' then 5 else 4
    end as email_rank
from {{ ref('int_people') }} as people
inner join {{ ref('lead_keys') }} as lead_keys
    on people.source || ':' || people.account || ':' || people.id = lead_keys.person_key
inner join {{ ref('touched_leads') }} as touched on lead_keys.lead_id = touched.lead_id
