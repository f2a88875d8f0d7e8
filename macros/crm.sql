-- The canonical stage that winnow.yml, or a default, gives a stage; both may name a pipeline and a stage by its id
-- or by its name. relation: alias of a row that has them. pipelines, stages: its columns, with id and name.
{% macro mapped_stage(source_name, relation, pipelines, stages) -%}
(
    select min(stage_map.stage)
    from {{ source('ops', 'stage_map') }} as stage_map
    where stage_map.source = '{{ source_name }}'
        and stage_map.account = {{ relation }}.account
        and stage_map.pipeline in ({{ relation }}.{{ pipelines | join(', ' ~ relation ~ '.') }})
        and stage_map.provider_stage in ({{ relation }}.{{ stages | join(', ' ~ relation ~ '.') }})
)
{%- endmacro %}
