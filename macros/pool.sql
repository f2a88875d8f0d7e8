-- Fields of a person that a record may know, by their names in the pool, with the column that holds them in a
-- record. What depends on another field (a number's type, an address's status) is picked with that one.
{% macro lead_record_fields() %}
    {{ return({
        'apollo_id': 'apollo_id', 'personal_email': 'personal_email', 'linkedin_url': 'linkedin_url',
        'first_name': 'first_name', 'last_name': 'last_name', 'title': 'title', 'seniority': 'seniority',
        'departments': 'departments', 'headline': 'headline', 'photo_url': 'photo_url',
        'twitter_url': 'twitter_url', 'phone': 'phone', 'dnc_status': 'dnc_status', 'city': 'city',
        'state': 'state', 'country': 'country', 'employment_history': 'employment_history',
        'current_role_started_on': 'current_role_started_on', 'time_zone': 'known_time_zone',
        'company_name': 'company_name', 'company_domain': 'company_domain_key', 'attributes': 'attributes',
    }) }}
{% endmacro %}


-- Fields of a company that a record may know.
{% macro company_record_fields() %}
    {{ return([
        'name', 'website', 'linkedin_url', 'description', 'logo_url', 'industry', 'sub_industry',
        'employee_count', 'revenue', 'currency', 'founded_year', 'country', 'state', 'city', 'postal_code',
        'is_hiring', 'latest_funding_stage', 'latest_funding_on', 'total_funding', 'technologies', 'keywords',
        'attributes',
    ]) }}
{% endmacro %}


-- The order in which records of a company are asked for a field.
{% macro newest_company_record() -%}
    loaded_at desc, source_rank, {{ bytewise('id') }}, {{ bytewise('account') }}
{%- endmacro %}


-- How much of what a request asked for is missing; of: contact or company. Null where it asked for none such.
{% macro request_gap(of) -%}
    case when {{ of }}_target > {{ of }}_ready then {{ of }}_target - {{ of }}_ready when {{ of }}_target >= 0 then 0 end
{%- endmacro %}


-- How much of it is there, 0 to 100, rounded down.
{% macro request_percent(of) -%}
    cast(
        case
            when {{ of }}_ready >= {{ of }}_target then 100
            else (100 * {{ of }}_ready - mod(100 * {{ of }}_ready, {{ of }}_target)) / {{ of }}_target
        end as integer
    )
{%- endmacro %}


-- One row a key and field that some row of a relation has a value for.
{% macro filled_fields(relation, key, fields) -%}
    {% for field in fields -%}
    select {{ key }}, '{{ field }}' as field from {{ relation }} where {{ field }} is not null
    {{ 'union' if not loop.last }}
    {% endfor %}
{%- endmacro %}
