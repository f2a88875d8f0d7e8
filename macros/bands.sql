-- Bands of company size, as the detectors name them.
{% macro employee_band(count) -%}
    case
        when {{ count }} is null then 'unknown'
        when {{ count }} <= 5 then '1-5'
        when {{ count }} <= 15 then '6-15'
        when {{ count }} <= 30 then '16-30'
        when {{ count }} <= 50 then '31-50'
        when {{ count }} <= 100 then '51-100'
        when {{ count }} <= 250 then '101-250'
        when {{ count }} <= 500 then '251-500'
        else '501+'
    end
{%- endmacro %}


-- Yes, no or unknown, as a dimension's value.
{% macro yes_no(condition) -%}
    case when {{ condition }} then 'yes' when not ({{ condition }}) then 'no' else 'unknown' end
{%- endmacro %}
