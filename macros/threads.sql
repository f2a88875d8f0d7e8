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


-- Replies with the thread that they stand in; the newest of a thread has nearness 1. condition: which ones.
{% macro newest_replies(condition) -%}
    select
        replies.*,
        thread_messages.thread_id,
        row_number() over (
            partition by thread_messages.thread_id order by thread_messages.position desc
        ) as nearness
    from {{ ref('replies') }} as replies
    inner join {{ ref('thread_messages') }} as thread_messages on replies.reply_id = thread_messages.reply_id
    where {{ condition }}
{%- endmacro %}
