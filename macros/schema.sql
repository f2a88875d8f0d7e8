-- The schemas of models are named literally: `facts` is `facts` in every target. A scratch copy of the warehouse
-- has the same ones under a prefix.
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ schema_prefix() ~ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}


-- What stands before the names of schemas: nothing, unless a scratch copy is built.
{% macro schema_prefix() -%}
    {{ return(var('schema_prefix', '')) }}
{%- endmacro %}
