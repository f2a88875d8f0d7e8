-- A thread that nobody has written in for so many days is stale; one that is dead is over: what we write then
-- begins a new one.
{% macro stale_days() %}{{ return(14) }}{% endmacro %}

{% macro dead_days() %}{{ return(30) }}{% endmacro %}


-- Days after which somebody who asked for later, and named no day, is written to again.
{% macro later_days() %}{{ return(90) }}{% endmacro %}


-- The day on which what a reply says lets us write again, in a zone: the one that an absence note names, else 14 days
-- after it; 365 after "not interested"; 90 after an objection to the time. Null where it speaks of no day. alias: of a
-- row of replies.
{% macro day_to_write_again(alias, zone) -%}
    case
        when {{ alias }}.intent = 'out_of_office'
            then
                coalesce(
                    {{ alias }}.return_on,
                    {{ local_day(alias ~ '.received_at', zone) }} + {{ stale_days() }}
                )
        when {{ alias }}.intent = 'not_interested'
            then {{ local_day(alias ~ '.received_at', zone) }} + {{ cooling_days() }}
        when {{ alias }}.intent = 'objection' and {{ alias }}.objection_type = 'timing'
            then {{ local_day(alias ~ '.received_at', zone) }} + {{ later_days() }}
    end
{%- endmacro %}


-- What the replies of a group come to, as the columns rejection_reason, return_on (only of an absence note that no
-- person has written after) and next_contact_on, the later of that and the day of the newest human reply. It reads the
-- columns of replies and `again_on`, see day_to_write_again.
{% macro answered_columns() -%}
    {%- set newest = 'received_at desc, reply_id' -%}
    {%- set away -%}
    case
        when
            coalesce(
                max(case when intent = 'out_of_office' then received_at end)
                > max(case when is_human then received_at end),
                true
            )
            then {{ best("case when intent = 'out_of_office' then again_on end", newest) }}
    end
    {%- endset -%}
    {{ best('rejection_reason', newest) }} as rejection_reason,
    {{ away }} as return_on,
    greatest(
        {{ beside_best('again_on', 'case when is_human then intent end', newest) }},
        {{ away }}
    ) as next_contact_on
{%- endmacro %}


-- Intents that end a conversation.
{% macro refusals() -%}
    ('not_interested', 'wrong_person', 'unsubscribe', 'angry')
{%- endmacro %}


-- Whether a reply says how a conversation stands: a person wrote it, or a program tells of an opt-out. The newest
-- one that does decides. alias: of a row of replies, with its dot.
{% macro is_deciding(alias='') -%}
    coalesce({{ alias }}is_human or {{ alias }}is_opt_out, false)
{%- endmacro %}


-- Whether a reply ends a conversation.
{% macro is_refusal(alias='') -%}
    coalesce({{ alias }}is_opt_out or ({{ alias }}is_human and {{ alias }}intent in {{ refusals() }}), false)
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
