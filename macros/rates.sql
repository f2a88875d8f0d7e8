-- A rate of two counts, to four decimals; null when there is nothing to divide by.
{% macro rate(numerator, denominator) -%}
    cast(cast({{ numerator }} as decimal(18, 6)) / nullif({{ denominator }}, 0) as decimal(9, 4))
{%- endmacro %}


-- A bound of the Wilson score interval (95 %) of a rate, to four decimals. side: 'low' or 'high'.
-- Wilson (1927), Journal of the American Statistical Association 22: 209-212.
{% macro wilson(numerator, denominator, side) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set k = 'cast(' ~ numerator ~ ' as double precision)' -%}
    {%- set n = 'cast(nullif(' ~ denominator ~ ', 0) as double precision)' -%}
    {%- set sign = '-' if side == 'low' else '+' -%}
    cast(
        greatest(0, least(1, (
            {{ k }} / {{ n }} + {{ z * z / 2 }} / {{ n }}
            {{ sign }} {{ z }} * sqrt(
                {{ k }} / {{ n }} * (1 - {{ k }} / {{ n }}) / {{ n }} + {{ z * z / 4 }} / ({{ n }} * {{ n }})
            )
        ) / (1 + {{ z * z }} / {{ n }})))
        * case when {{ denominator }} > 0 then 1 end
        as decimal(9, 4)
    )
{%- endmacro %}


-- How often a whole number goes into another one, both positive: `7/2` is 3.5 on one engine and 3 on another.
{% macro whole_quotient(dividend, divisor) -%}
    cast(({{ dividend }} - {{ dividend }} % {{ divisor }}) / {{ divisor }} as bigint)
{%- endmacro %}
