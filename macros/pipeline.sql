-- The eleven statuses of a client's lead, furthest first.
{% macro pipeline_statuses() %}
    {{ return([
        'won', 'lost', 'meeting_booked', 'replied', 'no_response', 'contacted', 'approved', 'scored', 'enriched',
        'new', 'archived',
    ]) }}
{% endmacro %}


-- Stages of a deal with the share of its value that is counted, in percent.
{% macro stage_weights() %}
    {{ return({
        'qualification': 20, 'proposal': 40, 'negotiation': 60, 'verbal_commit': 80, 'contract_sent': 90,
        'closed_won': 100, 'closed_lost': 0,
    }) }}
{% endmacro %}


-- The weight of a deal's stage in percent, null for one that is not mapped.
{% macro stage_weight(stage) -%}
    case {{ stage }} {% for name, weight in stage_weights().items() %}when '{{ name }}' then {{ weight }} {% endfor %}end
{%- endmacro %}


-- Literals as the rows of a one-column query, numbered in their order: number, <name>.
{% macro rows_of(values, name) -%}
    {% for value in values -%}
    select
        {{ loop.index }} as number,
        '{{ value }}' as {{ name }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}


-- Whether somebody has paused it. kind: account, client or campaign. name: `hubspot/acme`, `acme`,
-- `smartlead/main/123`.
{% macro is_paused(kind, name) -%}
exists (
    select 1
    from {{ source('ops', 'paused') }} as paused
    where paused.kind = '{{ kind }}' and paused.name = {{ name }}
)
{%- endmacro %}
