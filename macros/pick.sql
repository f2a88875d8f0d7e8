-- One hash of all that a person's row reads from its company.
{% macro company_traits(alias=none) -%}
    md5(
        {%- for column in [
            'domain', 'name', 'industry', 'employee_count', 'country', 'state', 'is_hiring', 'latest_funding_on',
            'technologies', 'keywords',
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
