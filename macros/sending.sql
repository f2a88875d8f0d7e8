-- The address of a mailbox in one spelling: without blanks around it, ASCII letters small. Tags and dots stay, as
-- they do not in `email_key`: they make another mailbox.
{% macro mailbox_address(email) -%}
    translate(trim({{ email }}), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')
{%- endmacro %}


{% macro mailbox_key(email) -%}
    {{ key('mailbox', [mailbox_address(email)]) }}
{%- endmacro %}


-- Whole days from the UTC day on which a mailbox was connected to a day; null where it was connected later.
{% macro mailbox_age(created_at, day) -%}
    case
        when {{ day }} >= {{ utc_day(created_at) }} then cast({{ day }} - {{ utc_day(created_at) }} as integer)
    end
{%- endmacro %}


-- Messages that a mailbox may send a day while it warms up: 10, and 10 more every five days up to 60; 75 from its
-- 31st day on; 50 where its age is unknown. age_days: whole days since it was connected, 0 on the first one.
{% macro warmup_cap(age_days) -%}
    case
        when {{ age_days }} is null then 50
        when {{ age_days }} >= 30 then 75
        else 10 + 10 * cast(floor({{ age_days }} / 5.0) as integer)
    end
{%- endmacro %}


-- How a sender stands, as the columns status and reason. Its targets: under 30 of 1,000 messages sent bounce, under
-- 3 of 1,000 delivered are reported as spam. bad: so for sure, the interval's lower bound is past the target;
-- warning: past it so far; withheld: fewer than 100 messages say too little to call it ok.
{% macro sending_verdict() -%}
    {%- set verdicts = [
        ('bad', 'fault', 'fault is not null'),
        ('bad', "'bounces'", 'bounce_rate_low >= 0.03'),
        ('bad', "'complaints'", 'complaint_rate_low >= 0.003'),
        ('withheld', "'nothing_sent'", 'sent_count = 0'),
        ('withheld', "'few_sent'", 'sent_count < 100'),
        ('warning', "'bounces'", 'bounced_count * 1000 >= sent_count * 30'),
        ('warning', "'complaints'", 'complained_count * 1000 >= delivered_count * 3 and complained_count > 0'),
    ] -%}
    case
        {%- for status, reason, condition in verdicts %}
        when {{ condition }} then '{{ status }}'
        {%- endfor %}
        else 'ok'
    end as status,
    case
        {%- for status, reason, condition in verdicts %}
        when {{ condition }} then {{ reason }}
        {%- endfor %}
    end as reason
{%- endmacro %}
