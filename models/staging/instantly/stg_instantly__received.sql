-- Grain: one row an inbound e-mail: those that the API lists, and those that a webhook brought and the API does not
-- list (yet).
with emails as (

    select
        account,
        id,
        campaign_id,
        lead_key,
        step_number,
        from_email,
        subject,
        body,
        headers,
        interest_label,
        occurred_at,
        attributes,
        loaded_at,
        _dlt_load_id
    from {{ source('raw_instantly', 'emails') }}
    where _dlt_valid_to is null and type = 2

),

told as (

    select
        *,
        coalesce(reply_id, 'webhook:' || id) as reply_key,
        row_number() over (
            partition by account, coalesce(reply_id, 'webhook:' || id) order by occurred_at, id
        ) as nth
    from ({{ first_receipts('instantly') }}) as receipts
    where event_type in ('reply_received', 'auto_reply_received')
        and body is not null
        and lead_key is not null

)

select * from emails
union all
select
    told.account,
    told.reply_key as id,
    told.campaign_id,
    told.lead_key,
    told.step_number,
    told.from_email,
    told.subject,
    told.body,
    cast(null as text) as headers,
    cast(null as text) as interest_label,
    told.occurred_at,
    cast(null as text) as attributes,
    told.loaded_at,
    told._dlt_load_id
from told
where told.nth = 1
    and {{ is_not_shown('emails', 'id', 'reply_key', 'campaign_id', 'occurred_at') }}
