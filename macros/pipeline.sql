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


-- Literals as the rows of a one-column query, numbered in their order: number, <name>.
{% macro rows_of(values, name) -%}
    {% for value in values -%}
    select
        {{ loop.index }} as number,
        '{{ value }}' as {{ name }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}
