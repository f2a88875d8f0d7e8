-- Whole units elapsed between two instants, rounded down; null when either is unknown.
{% macro whole_days(earlier, later) -%}
    cast(floor(extract(epoch from ({{ later }} - {{ earlier }})) / 86400) as integer)
{%- endmacro %}

{% macro whole_minutes(earlier, later) -%}
    cast(floor(extract(epoch from ({{ later }} - {{ earlier }})) / 60) as integer)
{%- endmacro %}

{% macro whole_seconds(earlier, later) -%}
    cast(floor(extract(epoch from ({{ later }} - {{ earlier }}))) as bigint)
{%- endmacro %}

{% macro whole_hours(earlier, later) -%}
    cast(floor(extract(epoch from ({{ later }} - {{ earlier }})) / 3600) as integer)
{%- endmacro %}


-- An instant moved by a number of days that a column holds.
{% macro plus_days(instant, days) -%}
    ({{ instant }} + {{ days }} * interval '1 day')
{%- endmacro %}


-- The Monday of the week that an instant falls in, in a time zone.
{% macro monday(instant, time_zone) -%}
    cast(date_trunc('week', {{ instant }} at time zone {{ time_zone }}) as date)
{%- endmacro %}


-- An instant as whole microseconds since 1970, the same text on every engine and in every session's zone.
{% macro micros(instant) -%}
    cast(extract(epoch from {{ instant }}) * 1000000 as bigint)
{%- endmacro %}


-- The calendar day of an instant, UTC.
{% macro utc_day(instant) -%}
    cast({{ instant }} at time zone 'UTC' as date)
{%- endmacro %}


-- The calendar day of an instant in a time zone.
{% macro local_day(instant, time_zone) -%}
    cast({{ instant }} at time zone {{ time_zone }} as date)
{%- endmacro %}


-- The first instant of a calendar day in a time zone.
{% macro start_of_day(day, time_zone) -%}
    cast({{ day }} as timestamp) at time zone {{ time_zone }}
{%- endmacro %}


-- The last day from Monday to Friday that was over at an instant, in a time zone.
{% macro last_working_day(instant, time_zone) -%}
    {{ local_day(instant, time_zone) }}
    - case cast(extract(isodow from {{ instant }} at time zone {{ time_zone }}) as integer)
        when 1 then 3 when 7 then 2 else 1
    end
{%- endmacro %}


-- The first instant of the month that an instant falls in, in a time zone; months: of a later month.
{% macro month_start(instant, time_zone, months=0) -%}
    (date_trunc('month', {{ instant }} at time zone {{ time_zone }})
        {%- if months %} + interval '{{ months }} month'{% endif %}) at time zone {{ time_zone }}
{%- endmacro %}


-- The first day of the month that an instant falls in, in a time zone.
{% macro local_month(instant, time_zone) -%}
    cast(date_trunc('month', {{ instant }} at time zone {{ time_zone }}) as date)
{%- endmacro %}
