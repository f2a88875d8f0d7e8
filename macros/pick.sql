-- One hash of all that a person's row reads from its company.
{% macro company_traits(alias=none) -%}
    md5(
        {%- for column in [
            'domain', 'name', 'website', 'linkedin_url', 'description', 'logo_url', 'industry', 'sub_industry',
            'employee_count', 'revenue', 'currency', 'founded_year', 'country', 'state', 'city', 'postal_code',
            'is_hiring', 'latest_funding_stage', 'latest_funding_on', 'total_funding', 'technologies', 'keywords',
        ] %}
        coalesce(cast({{ alias ~ '.' if alias }}{{ column }} as text), chr(30)) || chr(31){{ ' ||' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


-- The best known value of a field: the first non-empty one in the given order, so that nothing empty ever
-- overwrites something full.
{% macro best(column, order_by) -%}
    (array_agg({{ column }} order by {{ order_by }}) filter (where {{ column }} is not null))[1]
{%- endmacro %}


-- What stands beside the best known value of a field, in the row that has it; it may be empty.
{% macro beside_best(value, column, order_by) -%}
    (array_agg({{ value }} order by {{ order_by }}) filter (where {{ column }} is not null))[1]
{%- endmacro %}
