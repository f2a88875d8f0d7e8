-- Grain: one row a client and lead with touches or results: the newest answer, and what came of it.
with campaigns as (

    select
        client_id,
        lead_id,
        min(meeting_booked_at) as meeting_booked_at,
        min(deal_won_at) as deal_won_at,
        bool_or(has_lost_deal) as has_lost_deal,
        max(sequence_ends_at) as sequence_ends_at,
        max(settles_at) as settles_at
    from {{ ref('lead_funnel') }}
    where client_id is not null
    group by client_id, lead_id

),

answers as (

    select
        client_id,
        lead_id,
        min(case when is_human then received_at end) as first_replied_at,
        max(case when is_human then received_at end) as last_replied_at,
        {{ best('intent', 'received_at desc, reply_id') }} as last_intent,
        {{ best('rejection_reason', 'received_at desc, reply_id') }} as rejection_reason,
        max(return_on) as return_on
    from {{ ref('labelled_replies') }}
    where client_id is not null
    group by client_id, lead_id

)

select
    coalesce(campaigns.client_id, answers.client_id) as client_id,
    coalesce(campaigns.lead_id, answers.lead_id) as lead_id,
    campaigns.meeting_booked_at,
    campaigns.deal_won_at,
    coalesce(campaigns.has_lost_deal, false) as has_lost_deal,
    campaigns.sequence_ends_at,
    campaigns.settles_at,
    answers.first_replied_at,
    answers.last_replied_at,
    answers.last_intent,
    answers.rejection_reason,
    answers.return_on
from campaigns
full outer join answers on campaigns.client_id = answers.client_id and campaigns.lead_id = answers.lead_id
