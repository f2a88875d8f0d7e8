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


-- Bands of annual revenue, in whatever currency it is given in; null where it is not known.
{% macro revenue_range(revenue) -%}
    case
        when {{ revenue }} < 1000000 then '0-1M'
        when {{ revenue }} < 5000000 then '1M-5M'
        when {{ revenue }} < 10000000 then '5M-10M'
        when {{ revenue }} < 25000000 then '10M-25M'
        when {{ revenue }} < 50000000 then '25M-50M'
        when {{ revenue }} < 100000000 then '50M-100M'
        when {{ revenue }} < 500000000 then '100M-500M'
        when {{ revenue }} < 1000000000 then '500M-1B'
        when {{ revenue }} is not null then '1B+'
    end
{%- endmacro %}
