-- Contracts: a mart has the columns that its YAML declares, with these types, precision of decimals included. dbt's
-- own way asks the engine for the types of each query before it runs it, which costs 40 ms a model and cannot tell
-- decimals apart on PostgreSQL; here tables are made as they come, and one query at the end compares all of them.
{% macro duckdb__create_table_as(
    temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none
) %}
create {{ 'temporary' if temporary }} table
    {{ relation.include(database=not temporary, schema=not temporary) }}
as (
    {{ compiled_code }}
)
{% endmacro %}

{% macro postgres__create_table_as(temporary, relation, sql) %}
create {{ 'temporary' if temporary }} table {{ relation }}
as (
    {{ sql }}
)
{% endmacro %}


-- Fail when a table that this call has built breaks its contract. results: of all nodes, as on-run-end has them.
{% macro require_contracts(results) %}
    {% set declared = {} %}
    {% for result in results if result.status == 'success' and result.node.resource_type == 'model' %}
        {% if result.node.config.contract.enforced %}
            {% set types = {} %}
            {% for column in result.node.columns.values() %}
                {% do types.update({column.name: column.data_type}) %}
            {% endfor %}
            {% do declared.update({result.node.schema ~ '.' ~ result.node.alias: types}) %}
        {% endif %}
    {% endfor %}
    {% set breaches = contract_breaches(declared) if declared else [] %}
    {% if breaches %}
        {% do exceptions.raise_compiler_error(
            'columns differ from their contracts: ' ~ breaches[:10] | join('; ')
            ~ ('; and ' ~ (breaches | length - 10) ~ ' more' if breaches | length > 10 else '')
            ~ '; change the model or its YAML'
        ) %}
    {% endif %}
{% endmacro %}


{% macro contract_breaches(declared) %}
    {% set built = {} %}
    {% for row in run_query(built_columns()).rows if row[0] in declared %}
        {% do built.setdefault(row[0], {}).update({row[1]: row[2]}) %}
    {% endfor %}
    {% set breaches = [] %}
    {% for table, types in declared.items() if built.get(table) != types %}
        {% set columns = built.get(table, {}) %}
        {% for column, type in types.items() if columns.get(column) != type %}
            {% do breaches.append(table ~ '.' ~ column ~ ' is ' ~ columns.get(column, 'missing') ~ ', declared ' ~ type) %}
        {% endfor %}
        {% for column in columns if column not in types %}
            {% do breaches.append(table ~ '.' ~ column ~ ' is not declared') %}
        {% endfor %}
    {% endfor %}
    {{ return(breaches) }}
{% endmacro %}


-- The columns of every table and view: `schema.table`, column, type as contracts spell it.
{% macro built_columns() %}
    {{ return(adapter.dispatch('built_columns')()) }}
{% endmacro %}

{% macro duckdb__built_columns() %}
select
    schema_name || '.' || table_name as relation,
    column_name,
    case
        when data_type = 'VARCHAR' then 'text'
        when data_type = 'TIMESTAMP WITH TIME ZONE' then 'timestamptz'
        when data_type = 'DOUBLE' then 'double precision'
        else replace(lower(data_type), ',', ', ')
    end as data_type
from duckdb_columns()
where database_name = current_database() and not internal
{% endmacro %}

{% macro postgres__built_columns() %}
select
    cast(relnamespace as regnamespace) || '.' || relname as relation,
    cast(attname as text) as column_name,
    case
        when atttypid = cast('timestamptz' as regtype) then 'timestamptz'
        when atttypid = cast('varchar' as regtype) and atttypmod = -1 then 'text'
        else replace(replace(format_type(atttypid, atttypmod), 'numeric', 'decimal'), ',', ', ')
    end as data_type
from pg_attribute
inner join pg_class on pg_class.oid = attrelid
where relkind in ('r', 'v') and attnum > 0 and not attisdropped
    and relnamespace not in (cast('pg_catalog' as regnamespace), cast('information_schema' as regnamespace))
{% endmacro %}
