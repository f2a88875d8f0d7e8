-- What a dbt that somebody calls without winnow needs: tables of `ops` that a load has written; and for winnow to
-- know of it: its next build is a full one, and logs the lead ids that this one gives up.
{% macro begin_by_hand() -%}
    {%- if execute and var('run_by') != 'winnow' -%}
        {%- set state = last_built('ops', 'build_state') -%}
        {%- if state is none or last_built('ops', 'dbt_vars') is none -%}
            {{ exceptions.raise_compiler_error(
                "this warehouse is not prepared: run `winnow load` (or `winnow run`) once against target "
                ~ target.name ~ ", then `dbt " ~ flags.WHICH ~ "` again"
            ) }}
        {%- elif flags.WHICH in ['build', 'run'] and builds_facts() -%}
            {%- call statement('begin_by_hand', auto_begin=true) -%}
                {%- set touched = last_built('intermediate', 'touched_people') -%}
                {% if touched %}
                delete from {{ touched }}
                where not exists (select 1 from {{ state }} where scope = 'facts' and hash = 'unfinished');
                {% endif %}
                delete from {{ state }} where scope = 'facts';
                insert into {{ state }} (scope, hash) values ('facts', 'unfinished')
            {%- endcall -%}
            {%- do adapter.commit() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro builds_facts() -%}
    {%- for id in selected_resources if id.startswith('model.') and 'answers' not in graph.nodes[id].fqn -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}
