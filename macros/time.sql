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


-- The first instant of the month that an instant falls in, in a time zone; months: of a later month.
{% macro month_start(instant, time_zone, months=0) -%}
    (date_trunc('month', {{ instant }} at time zone {{ time_zone }})
        {%- if months %} + interval '{{ months }} month'{% endif %}) at time zone {{ time_zone }}
{%- endmacro %}
