-- The one incremental strategy: delete the rows of touched keys, insert their new rows. Rows of keys that
-- vanished (two people who became one) go too, which neither `merge` nor `delete+insert` does.
{% macro get_incremental_replace_keys_sql(arg_dict) %}
    {% set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    {% set touched = api.Relation.create(
        database=arg_dict['target_relation'].database,
        schema=schema_prefix() ~ 'intermediate',
        identifier=config.require('touched'),
    ) %}
    delete from {{ arg_dict['target_relation'] }}
    where {{ arg_dict['unique_key'] }} in (select {{ arg_dict['unique_key'] }} from {{ touched }});

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}


-- A condition for rows that came with a load not yet built; every row in a full refresh.
{% macro is_unbuilt(column='load_id') -%}
    {% if should_full_refresh() %}true{% else %}{{ column }} in (select load_id from {{ source('ops', 'loads_to_build') }}){% endif %}
{%- endmacro %}


-- A table as the last run left it, none when there is none yet. It is no `ref`: what is built later in this run
-- may be read only in the state of the night before.
{% macro last_built(schema, table) -%}
    {{ return(adapter.get_relation(
        database=target.database, schema=schema_prefix() ~ schema, identifier=table
    ) if execute else none) }}
{%- endmacro %}
