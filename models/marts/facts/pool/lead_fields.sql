-- Grain: one row a lead and field that a record knows.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}
{% set beside = {
    'email_status': 'email', 'phone_type': 'phone', 'phone_status': 'phone', 'phone_source': 'phone',
} %}
{% set fields = ['email'] + lead_record_fields().keys() | list + beside.keys() | list %}

with winners as (

    select * from {{ ref('int_lead_fields') }}

),

fields as (

    {% for field in fields %}
    select
        lead_id,
        '{{ field }}' as field,
        {{ beside.get(field, field) }}_turn as turn
    from winners
    where {{ field }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    {{ key('lead_field', ['fields.lead_id', 'fields.field']) }} as lead_field_id,
    fields.lead_id,
    fields.field,
    records.source,
    records.account,
    records.id as source_id,
    records.loaded_at as observed_at,
    records.first_loaded_at,
    records.loaded_at as updated_at
from fields
inner join {{ ref('int_lead_candidates') }} as records
    on fields.lead_id = records.lead_id and fields.turn = records.turn
left join {{ ref('int_lead_companies') }} as lead_companies on fields.lead_id = lead_companies.lead_id
left join {{ ref('companies') }} as companies on lead_companies.company_id = companies.company_id
where
    (fields.field <> 'company_name' or companies.name is null)
    and (fields.field <> 'company_domain' or companies.domain is null)
