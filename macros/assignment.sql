-- Whether a bounce is one after which nobody writes there again; one of unknown kind is.
{% macro is_lasting_bounce(bounce_type) -%}
    coalesce({{ bounce_type }} in ('hard', 'unknown'), false)
{%- endmacro %}


-- The leads who bounced or opted out, to whichever client: as providers tell, or by what came back as a reply.
{% macro barred_leads() -%}
(
    select
        lead_id,
        bool_or(is_bounced) as is_bounced,
        bool_or(is_unsubscribed) as is_unsubscribed
    from (
        select
            lead_id,
            is_bounced,
            is_unsubscribed
        from {{ ref('lead_pool') }}
        union all
        select
            lead_id,
            {{ is_lasting_bounce('bounce_type') }} as is_bounced,
            coalesce(is_opt_out, false) as is_unsubscribed
        from {{ ref('replies') }}
    ) as told
    where is_bounced or is_unsubscribed
    group by lead_id
)
{%- endmacro %}


-- Where a person stands in the pool. pool: alias of a row of lead_pool. barred: alias of a row of barred_leads, which
-- may be missing. assignment_status: of the newest assignment, whoever holds it.
{% macro pool_status(pool, barred, assignment_status) -%}
    case
        when {{ barred }}.is_bounced then 'bounced'
        when {{ barred }}.is_unsubscribed then 'unsubscribed'
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
