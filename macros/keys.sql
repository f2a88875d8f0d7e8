-- A deterministic uuid of a natural key: md5 of the installation's salt, the kind and the parts.
-- Empty parts stay in their place, so that ('a', null) and (null, 'a') differ.
{% macro key(kind, parts) -%}
    cast(md5(
        '{{ key_salt() }}' || chr(31) || '{{ kind }}'
        {%- for part in parts %} || chr(31) || coalesce(cast({{ part }} as text), ''){% endfor -%}
    ) as uuid)
{%- endmacro %}


-- The salt of this installation's keys: the pipeline passes it, a dbt called by hand reads what it last wrote.
{% macro key_salt() -%}
    {%- set given = var('key_salt', '') -%}
    {%- if given or not execute -%}
        {{ return(given) }}
    {%- endif -%}
    {%- set kept = adapter.get_relation(database=target.database, schema='ops', identifier='dbt_vars') -%}
    {{ return(run_query("select value from " ~ kept ~ " where name = 'key_salt'").rows[0][0] if kept else '') }}
{%- endmacro %}


-- Key of a client, null for what belongs to nobody.
{% macro client_key(client) -%}
    case when {{ client }} is not null then {{ key('client', [client]) }} end
{%- endmacro %}


-- Text compared byte by byte, the same on every engine and in every locale.
{% macro bytewise(text) -%}
    {{ text }} collate "C"
{%- endmacro %}


-- One hash of a message's text as sent, or of a template's; null where there is none.
{% macro text_hash(subject, body) -%}
    case
        when coalesce({{ subject }}, {{ body }}) is not null
            then md5(coalesce({{ subject }}, '') || chr(31) || coalesce({{ body }}, ''))
    end
{%- endmacro %}


-- One hash of everything that a reply's label depends on, apart from the day it came.
{% macro reply_text_hash(subject, body, headers) -%}
    md5(
        coalesce({{ subject }}, '') || chr(31) || coalesce({{ body }}, '')
        || chr(31) || coalesce({{ headers }}, '')
    )
{%- endmacro %}
