-- Grain: one row a message with events: what happened to it, raw and by people.
{% set human = "not is_machine" %}

select
    message_id,
    bool_or(event_type = 'delivered') as has_delivered,
    bool_or(event_type = 'bounced') as is_bounced,
    bool_or(event_type = 'dropped') as is_dropped,
    bool_or(event_type = 'complained') as is_complained,
    bool_or(event_type = 'unsubscribed') as is_unsubscribed,
    {{ best("case when event_type = 'bounced' then coalesce(bounce_type, 'unknown') end", 'occurred_at') }}
        as bounce_type,
    min(case when event_type = 'opened' then occurred_at end) as first_opened_at,
    sum(case when event_type = 'opened' then event_count else 0 end) as open_count,
    min(case when event_type = 'opened' and {{ human }} then occurred_at end) as first_human_opened_at,
    case
        when not bool_or(event_type = 'opened' and is_machine is null)
            then sum(case when event_type = 'opened' and {{ human }} then event_count else 0 end)
    end as human_open_count,
    min(case when event_type = 'clicked' then occurred_at end) as first_clicked_at,
    sum(case when event_type = 'clicked' then event_count else 0 end) as click_count,
    case
        when not bool_or(event_type = 'clicked' and is_machine is null)
            then sum(case when event_type = 'clicked' and {{ human }} then event_count else 0 end)
    end as human_click_count,
    max(loaded_at) as updated_at
from {{ ref('int_event_leads') }}
group by message_id
