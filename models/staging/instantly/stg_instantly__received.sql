-- Grain: one row an inbound e-mail: those that the API lists, and those that a webhook brought and the API does not
-- list (yet).
with told as (

    {{ told_replies(
        '(' ~ first_receipts('instantly') ~ ') as receipts',
        "event_type in ('reply_received', 'auto_reply_received')"
    ) }}

),

emails as (

    select
        emails.account,
        emails.id,
        emails.campaign_id,
        emails.lead_key,
        emails.thread_id,
        emails.step_number,
        emails.from_email,
        emails.subject,
        emails.body,
        emails.headers,
        emails.interest_label,
        emails.occurred_at,
        emails.attributes,
        least(emails.first_loaded_at, told.first_told_at) as first_loaded_at,
        emails.loaded_at,
        emails._dlt_load_id
    from {{ records('raw_instantly', 'emails') }} as emails
    left join told on emails.account = told.account and emails.id = told.reply_key and told.nth = 1
    where emails.type = 2

)

select * from emails
union all
select
    told.account,
    told.reply_key as id,
    told.campaign_id,
    told.lead_key,
    cast(null as text) as thread_id,
    told.step_number,
    told.from_email,
    told.subject,
    told.body,
    cast(null as text) as headers,
    cast(null as text) as interest_label,
    told.occurred_at,
    cast(null as text) as attributes,
    told.first_told_at as first_loaded_at,
    told.loaded_at,
    told._dlt_load_id
from told
where told.nth = 1
    and {{ is_not_shown('emails', 'id', 'reply_key', 'campaign_id', 'occurred_at') }}
