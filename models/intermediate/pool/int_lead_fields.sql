-- Grain: one row a lead. The best value of every field: a verified address before a guessed one, then the
-- newer record, then the more trusted source; nothing empty overwrites something full. An address belongs to
-- one lead: a record whose address leads to somebody else gives it to nobody.
{% set newest = 'loaded_at desc, source_rank, ' ~ bytewise('record_key') %}
{% set surest = 'email_rank, ' ~ newest %}
{% set fields = [
    'apollo_id', 'personal_email', 'linkedin_url', 'first_name', 'last_name', 'title', 'seniority',
    'departments', 'headline', 'photo_url', 'twitter_url', 'phone', 'phone_type', 'phone_status',
    'dnc_status', 'city', 'state', 'country', 'employment_history', 'current_role_started_on',
    'company_name', 'company_domain_key', 'attributes',
] %}

select
    records.lead_id,
    {{ best("case when owners.lead_id is not null then records.email end", surest) }} as email,
    {{ best("owners.email_key", surest) }} as email_key,
    (array_agg(records.email_status order by {{ surest }}) filter (where owners.lead_id is not null))[1]
        as email_status,
    {% for field in fields %}
    {{ best('records.' ~ field, newest) }} as {{ field }},
    {% endfor %}
    {{ best('zones.time_zone', newest) }} as time_zone,
    bool_or(records.is_unsubscribed) as is_unsubscribed,
    count(*) as record_count,
    string_agg(
        distinct {{ bytewise('records.source') }}, ', ' order by {{ bytewise('records.source') }}
    ) as sources,
    max(case when records.source = 'apollo' and records.email_key is not null then records.loaded_at end)
        as last_enriched_at,
    max(records.loaded_at) as updated_at
from {{ ref('int_lead_records') }} as records
left join (
    select
        lead_id,
        person_key,
        substr(person_key, 7) as email_key
    from {{ ref('lead_keys') }}
    where person_key like 'email:%'
) as owners
    on 'email:' || records.email_key = owners.person_key and records.lead_id = owners.lead_id
left join {{ ref('time_zones') }} as zones on records.time_zone = zones.time_zone
group by records.lead_id
