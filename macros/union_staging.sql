-- All records of one canonical entity, whichever source they came from. Every staging model emits the same
-- columns in the same order; a test holds them to the contract in ingestion/entities.py.
{% macro union_staging(entity, sources) %}
{% for source_name in sources -%}
select * from {{ ref('stg_' ~ source_name ~ '__' ~ entity) }}
{% if not loop.last %}union all
{% endif -%}
{% endfor %}
{% endmacro %}
