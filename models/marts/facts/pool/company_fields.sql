-- Grain: one row a company and field that a record knows.
with records as (

    select
        *,
        source || ':' || account || ':' || id as record_key
    from {{ ref('int_company_records') }}

),

winners as (

    {% for field in company_record_fields() %}
    select
        company_id,
        '{{ field }}' as field,
        {{ beside_best('record_key', field, newest_company_record()) }} as record_key
    from records
    where {{ field }} is not null
    group by company_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    {{ key('company_field', ['winners.company_id', 'winners.field']) }} as company_field_id,
    winners.company_id,
    winners.field,
    records.source,
    records.account,
    records.id as source_id,
    records.loaded_at as observed_at,
    records.first_loaded_at,
    records.loaded_at as updated_at
from winners
inner join records on winners.record_key = records.record_key
