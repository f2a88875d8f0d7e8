-- Grain: one row an event that a webhook was told of, whether it stands in Instantly's log of deliveries or was
-- received by a webhook of our own: both give it the same id.
with told as (

    select
        account,
        id,
        event_type,
        occurred_at,
        campaign_id,
        lead_key,
        step_number,
        1 as origin,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ records('raw_instantly', 'webhook_events') }} as webhook_events
    union all
    select
        account,
        id,
        event_type,
        occurred_at,
        campaign_id,
        lead_key,
        step_number,
        2 as origin,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from ({{ first_receipts('instantly') }}) as receipts

),

ranked as (

    select
        *,
        min(first_loaded_at) over (partition by account, id) as first_told_at,
        row_number() over (partition by account, id order by origin) as nth
    from told

)

select
    account,
    id,
    event_type,
    occurred_at,
    campaign_id,
    lead_key,
    step_number,
    first_told_at as first_loaded_at,
    loaded_at,
    _dlt_load_id
from ranked
where nth = 1
