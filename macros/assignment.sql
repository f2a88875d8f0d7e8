-- The leads who have opted out in a reply, to whichever client.
{% macro opted_out_leads() -%}
(select distinct lead_id from {{ ref('replies') }} where is_opt_out)
{%- endmacro %}


-- Where a person stands in the pool. pool: alias of a row of lead_pool. is_opted_out: whether a reply of theirs opts
-- out. assignment_status: of the newest assignment, whoever holds it.
{% macro pool_status(pool, is_opted_out, assignment_status) -%}
    case
        when {{ pool }}.is_bounced then 'bounced'
        when {{ pool }}.is_unsubscribed or {{ is_opted_out }} then 'unsubscribed'
        when
            {{ pool }}.email is null or {{ pool }}.email_status = 'invalid' or {{ pool }}.confidence < 70
            then 'invalid'
        when {{ assignment_status }} = 'converted' then 'converted'
        when {{ assignment_status }} = 'active' then 'assigned'
        else 'available'
    end
{%- endmacro %}


-- Days after the end of its last sequence on which an assignment without a reply expires.
{% macro expiry_days() %}{{ return(30) }}{% endmacro %}


-- Days for which somebody who is not interested is left alone.
{% macro cooling_days() %}{{ return(365) }}{% endmacro %}


-- Days after a last purchase from which on a customer is a past one.
{% macro customer_days() %}{{ return(365) }}{% endmacro %}
