-- The best known value of a field: the first non-empty one in the given order, so that nothing empty ever
-- overwrites something full.
{% macro best(column, order_by) -%}
    (array_agg({{ column }} order by {{ order_by }}) filter (where {{ column }} is not null))[1]
{%- endmacro %}
