-- Every day that dbt's metrics may be shown by.
{% set first, last = "cast('2015-01-01' as timestamp)", "cast('2040-12-31' as timestamp)" %}
select cast(days.day as date) as date_day
from generate_series({{ first }}, {{ last }}, interval '1 day') as days (day)
