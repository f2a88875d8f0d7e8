-- Grain: one row a client and month in its zone, from its first one to the one under way. Leads count in the month of
-- their first contact, whenever they answer; messages, meetings and deals in that of sending, booking and closing.
with lead_months as (

    select
        client_id,
        lead_id,
        min(first_contacted_at) as first_contacted_at,
        min(first_replied_at) as first_replied_at,
        min(first_positive_at) as first_positive_at
    from {{ ref('lead_funnel') }}
    where first_contacted_at is not null
    group by client_id, lead_id

),

contacted as (

    select
        months.client_id,
        months.month_starts_on,
        {{ leads_contacted('leads.').numerator }} as contacted_lead_count,
        {{ human_reply_rate('leads.').numerator }} as replied_lead_count,
        {{ positive_rate('leads.').numerator }} as positive_lead_count
    {{ months_with('lead_months', 'leads', 'leads.first_contacted_at') }}

),

sent as (

    select
        months.client_id,
        months.month_starts_on,
        {{ delivered_rate('messages.').denominator }} as message_count,
        {{ delivered_rate('messages.').numerator }} as delivered_message_count,
        {{ human_open_rate('messages.').numerator }} as human_opened_message_count
    {{ months_with(ref('int_sent_messages'), 'messages', 'messages.sent_at') }}

),

booked as (

    select
        months.client_id,
        months.month_starts_on,
        {{ meetings_booked('meetings.').numerator }} as meeting_count
    {{ months_with(ref('meetings'), 'meetings', 'meetings.booked_at') }}

),

closed as (

    select
        months.client_id,
        months.month_starts_on,
        {{ win_rate('deals.').numerator }} as won_deal_count,
        {{ win_rate('deals.').denominator }} as closed_deal_count,
        {{ revenue('deals.').numerator }} as revenue,
        count(
            case when deals.deleted_at is null and deals.stage = 'closed_won' then deals.reporting_value end
        ) as valued_won_deal_count
    {{ months_with(ref('deals'), 'deals', 'coalesce(deals.closed_at, deals.updated_at)') }}

),

paid as (

    select
        client_id,
        month_starts_on,
        {{ cost_per_meeting().numerator }} as cost
    from {{ ref('client_costs') }}
    group by client_id, month_starts_on

)

select
    {{ key('client_month', ['months.client_id', 'months.month_starts_on']) }} as client_month_id,
    months.client_id,
    months.client,
    months.month_starts_on,
    months.month_starts_on < months.this_month as is_complete,
    coalesce(contacted.contacted_lead_count, 0) as contacted_lead_count,
    coalesce(sent.message_count, 0) as message_count,
    coalesce(sent.delivered_message_count, 0) as delivered_message_count,
    {{ rate('sent.delivered_message_count', 'sent.message_count') }} as delivered_rate,
    sent.human_opened_message_count,
    {{ rate('sent.human_opened_message_count', 'sent.delivered_message_count') }} as human_open_rate,
    coalesce(contacted.replied_lead_count, 0) as replied_lead_count,
    {{ rate('contacted.replied_lead_count', 'contacted.contacted_lead_count') }} as human_reply_rate,
    coalesce(contacted.positive_lead_count, 0) as positive_lead_count,
    {{ rate('contacted.positive_lead_count', 'contacted.contacted_lead_count') }} as positive_rate,
    coalesce(booked.meeting_count, 0) as meeting_count,
    coalesce(closed.closed_deal_count, 0) as closed_deal_count,
    coalesce(closed.won_deal_count, 0) as won_deal_count,
    {{ rate('closed.won_deal_count', 'closed.closed_deal_count') }} as win_rate,
    cast(
        case when reporting.reporting_currency is not null then coalesce(closed.revenue, 0) end
        as decimal(24, 4)
    ) as revenue,
    coalesce(closed.valued_won_deal_count, 0) as valued_won_deal_count,
    cast(paid.cost as decimal(24, 6)) as cost,
    cast(cast(paid.cost as decimal(24, 6)) / nullif(booked.meeting_count, 0) as decimal(18, 4))
        as cost_per_meeting,
    reporting.reporting_currency
from {{ ref('client_months') }} as months
left join (select distinct reporting_currency from {{ source('ops', 'exchange_rates') }}) as reporting on true
left join contacted
    on months.client_id = contacted.client_id and months.month_starts_on = contacted.month_starts_on
left join sent on months.client_id = sent.client_id and months.month_starts_on = sent.month_starts_on
left join booked on months.client_id = booked.client_id and months.month_starts_on = booked.month_starts_on
left join closed on months.client_id = closed.client_id and months.month_starts_on = closed.month_starts_on
left join paid on months.client_id = paid.client_id and months.month_starts_on = paid.month_starts_on
