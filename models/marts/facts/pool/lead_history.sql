-- Grain: one row a change of a person's job title, company, address or its status that a record shows. What was
-- empty before, or is now, is no change.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}
{% set fields = {
    'title': ['title', 'title'],
    'company': ['coalesce(company_name, company_domain_key)', 'coalesce(company_domain_key, company_name)'],
    'email': ['email', 'email_key'],
    'email_status': ['email_status', 'email_status'],
} %}

with versions as (

    select
        lead_keys.lead_id,
        versions.*
    from {{ ref('int_person_versions') }} as versions
    inner join {{ ref('lead_keys') }} as lead_keys
        on versions.source || ':' || versions.account || ':' || versions.id = lead_keys.person_key
    inner join {{ ref('touched_leads') }} as touched on lead_keys.lead_id = touched.lead_id

),

said as (

    {% for field, (shown, compared) in fields.items() %}
    select
        lead_id,
        source,
        account,
        id,
        '{{ field }}' as field,
        {{ shown }} as value,
        {{ compared }} as compared_value,
        loaded_at,
        landed_at,
        load_id
    from versions
    where {{ compared }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

steps as (

    select
        *,
        row_number() over in_order as version_number,
        lag(value) over in_order as old_value,
        lag(compared_value) over in_order as old_compared_value
    from said
    window in_order as (
        partition by source, account, id, field
        order by landed_at, {{ bytewise('load_id') }}
    )

)

select
    {{ key('lead_change', ['source', 'account', 'id', 'field', 'version_number']) }} as lead_change_id,
    lead_id,
    field,
    old_value,
    value as new_value,
    source,
    account,
    id as source_id,
    loaded_at as changed_at,
    loaded_at as first_loaded_at,
    loaded_at as updated_at
from steps
where old_compared_value <> compared_value
