-- The companies as the last run left them, as far as a person's row reads them. What differs from tonight's says
-- whose rows change although their own records do not.
{{ config(materialized='table') }}
{% set last_night = none if should_full_refresh() else last_built('facts', 'companies') %}

{% if last_night %}
select
    company_id,
    {{ company_traits() }} as traits
from {{ last_night }}
{% else %}
select
    cast(null as uuid) as company_id,
    cast(null as text) as traits
from (select 1 as one) as nothing
where one = 0
{% endif %}
