-- A thread that nobody has written in for so many days is stale; one that is dead is over: what we write then
-- begins a new one.
{% macro stale_days() %}{{ return(14) }}{% endmacro %}

{% macro dead_days() %}{{ return(30) }}{% endmacro %}


-- Days after which somebody who asked for later, and named no day, is written to again.
{% macro later_days() %}{{ return(90) }}{% endmacro %}


-- Intents that end a conversation.
{% macro refusals() -%}
    ('not_interested', 'wrong_person', 'unsubscribe', 'angry')
{%- endmacro %}
