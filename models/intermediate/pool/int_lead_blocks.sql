-- Grain: one row a lead with a bounce or an opt-out event. A bounce of unknown type counts like a hard one.
select
    lead_id,
    bool_or(event_type = 'bounced' and coalesce(bounce_type, 'unknown') <> 'soft') as is_bounced,
    {{ best("case when event_type = 'bounced' then coalesce(bounce_type, 'unknown') end",
        "case bounce_type when 'hard' then 1 when 'soft' then 3 else 2 end, occurred_at") }} as bounce_type,
    min(case when event_type = 'bounced' then occurred_at end) as bounced_at,
    {{ best("case when event_type = 'bounced' then reason end", 'occurred_at, ' ~ bytewise('reason')) }}
        as bounce_reason,
    bool_or(event_type in ('unsubscribed', 'complained')) as is_unsubscribed,
    min(case when event_type in ('unsubscribed', 'complained') then occurred_at end) as unsubscribed_at
from {{ ref('int_event_leads') }}
where event_type in ('bounced', 'unsubscribed', 'complained')
group by lead_id
