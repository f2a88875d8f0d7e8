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

-- The current version of each record of a raw table, with `first_loaded_at`: when its first version landed.
-- condition: what a version must say to count, where a record comes out of a state. also: columns that it must share
-- with the current one to count. marks: further such columns, name to condition.
{% macro records(source_name, table, condition='true', also=[], marks={}) -%}
{%- set firsts = dict({'first_loaded_at': condition}, **marks) -%}
{%- set keys = (['row_key'] + also) | join(', ') -%}
(
    select
        current_versions.*
        {%- for name in firsts %},
        least(current_versions.loaded_at, earlier.{{ name }}) as {{ name }}
        {%- endfor %}
    from {{ source(source_name, table) }} as current_versions
    left join (
        select
            {{ keys }}
            {%- for name, counts in firsts.items() %},
            min(case when {{ counts }} then loaded_at end) as {{ name }}
            {%- endfor %}
        from {{ source(source_name, table) }}
        where _dlt_valid_to is not null
        group by {{ keys }}
    ) as earlier
        on current_versions.row_key = earlier.row_key
        {%- for column in also %} and current_versions.{{ column }} = earlier.{{ column }}{% endfor %}
    where current_versions._dlt_valid_to is null
)
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


-- What every version of a person record said of job, company and address, for the changes between them.
-- relation: a raw table. company: what its columns company_<…> are called instead. email_status: an expression.
{% macro person_versions(source_name, relation, company='company', email_status='cast(null as text)') -%}
select
    '{{ source_name }}' as source,
    account,
    id,
    title,
    {% if company -%}
    {{ company }}_name as company_name,
    {{ company }}_domain_key as company_domain_key,
    {%- else -%}
    cast(null as text) as company_name,
    cast(null as text) as company_domain_key,
    {%- endif %}
    email,
    email_key,
    {{ email_status }} as email_status,
    loaded_at,
    _dlt_valid_from as landed_at,
    _dlt_load_id as load_id
from {{ relation }}
{%- endmacro %}
