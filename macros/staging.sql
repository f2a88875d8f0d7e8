-- The client that winnow.yml maps a record to: its campaign's, else its provider client's, else its account's.
-- Goes with join_client_map, which needs the record's alias.
{% macro mapped_client(campaign=none, provider_client=none) -%}
{% set scopes = (['by_campaign.client'] if campaign else [])
    + (['by_provider_client.client'] if provider_client else []) -%}
coalesce({{ (scopes + ['by_account.client', 'null']) | join(', ') }})
{%- endmacro %}

{% macro join_client_map(source_name, alias, campaign=none, provider_client=none) -%}
{%- set scopes = {'campaign': campaign, 'provider_client': provider_client, 'account': "''"} -%}
{%- for scope, value in scopes.items() if value %}
left join {{ source('ops', 'account_map') }} as by_{{ scope }}
    on by_{{ scope }}.source = '{{ source_name }}'
        and by_{{ scope }}.account = {{ alias }}.account
        and by_{{ scope }}.scope = '{{ scope }}'
        and by_{{ scope }}.value = {{ value }}
{%- endfor %}
{%- endmacro %}

-- Every key that leads, or once led, to a person record: over all its versions, so that an old address still
-- finds its person. relation: a raw table or a CTE with its columns. keys: list of (kind, expression, column
-- that must not be null).
{% macro person_keys(source_name, relation, keys) -%}
with sightings as (

    {% for kind, expression, column in keys -%}
    select
        account,
        id,
        {{ expression }} as person_key,
        '{{ kind }}' as key_kind,
        loaded_at,
        _dlt_valid_from,
        _dlt_load_id
    from {{ relation }}
    where {{ column }} is not null
    {{ 'union all' if not loop.last }}
{% endfor %}

),

ranked as (

    select
        *,
        min(loaded_at) over (partition by account, id, person_key, key_kind) as first_loaded_at,
        row_number() over (
            partition by account, id, person_key, key_kind
            order by loaded_at desc, _dlt_valid_from desc, _dlt_load_id desc
        ) as newest
    from sightings

)

select
    '{{ source_name }}' as source,
    account,
    id,
    person_key,
    key_kind,
    first_loaded_at as loaded_at,
    _dlt_load_id as load_id
from ranked
where newest = 1
{%- endmacro %}
