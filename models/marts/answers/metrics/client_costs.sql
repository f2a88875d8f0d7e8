-- Grain: one row a client, month in its zone and cost of winnow.yml that is paid in it: how often, and what it comes
-- to. A month that is paid in part counts in full.
with quantities as (

    select
        months.client_id,
        months.month_starts_on,
        count(*) as message_count,
        count(case when messages.touch_number = 1 then 1 end) as lead_count
    {{ months_with(ref('int_sent_messages'), 'messages', 'messages.sent_at') }}

),

paid as (

    select
        months.client_id,
        months.client,
        months.month_starts_on,
        costs.name,
        costs.per,
        costs.amount as unit_amount,
        costs.currency,
        cast(case costs.per
            when 'month' then 1
            when 'message' then coalesce(quantities.message_count, 0)
            else coalesce(quantities.lead_count, 0)
        end as bigint) as quantity,
        rates.reporting_currency,
        rates.rate
    from {{ ref('client_months') }} as months
    inner join {{ source('ops', 'costs') }} as costs
        on months.client = costs.client
        and (
            costs.starts_on is null
            or costs.starts_on < cast(months.month_starts_on + interval '1 month' as date)
        )
        and (costs.ends_on is null or costs.ends_on >= months.month_starts_on)
    inner join {{ source('ops', 'exchange_rates') }} as rates on costs.currency = rates.currency
    left join quantities
        on months.client_id = quantities.client_id and months.month_starts_on = quantities.month_starts_on

)

select
    {{ key('client_cost', ['client_id', 'month_starts_on', 'name']) }} as client_cost_id,
    client_id,
    month_starts_on,
    name,
    per,
    unit_amount,
    currency,
    quantity,
    cast(unit_amount * quantity as decimal(24, 6)) as amount,
    cast(cast(unit_amount * quantity as decimal(24, 6)) * rate as decimal(24, 6)) as reporting_amount,
    reporting_currency
from paid
