-- Every record of a lead, in the order in which it is asked: for an address a verified one before a guessed one,
-- then the newer record, then the more trusted source. An address belongs to one lead: a record whose address
-- leads to somebody else gives it to nobody.
{% set newest = 'records.loaded_at desc, records.source_rank, ' ~ bytewise('records.record_key') %}
select
    records.*,
    case when owners.lead_id is not null then records.email end as own_email,
    case when owners.lead_id is not null then records.email_key end as own_email_key,
    zones.time_zone as known_time_zone,
    row_number() over (partition by records.lead_id order by {{ newest }}) as turn,
    row_number() over (partition by records.lead_id order by records.email_rank, {{ newest }}) as email_turn
from {{ ref('int_lead_records') }} as records
left join (
    select
        lead_id,
        person_key
    from {{ ref('lead_keys') }}
    where person_key like 'email:%'
) as owners
    on 'email:' || records.email_key = owners.person_key and records.lead_id = owners.lead_id
left join {{ ref('time_zones') }} as zones on records.time_zone = zones.time_zone
