-- Grain: one row a client and lead with touches or results: the newest answer, and what came of it.
{% set newest = 'received_at desc, reply_id' %}

with steps as (

    select
        {{ key('campaign', ['source', 'account', 'campaign_id']) }} as campaign_id,
        coalesce(wait_days, 0) as wait_days,
        row_number() over (partition by source, account, campaign_id order by step_number) as position
    from {{ ref('int_campaign_steps') }}

),

campaigns as (

    select
        funnel.client_id,
        funnel.lead_id,
        min(funnel.meeting_booked_at) as meeting_booked_at,
        min(funnel.deal_won_at) as deal_won_at,
        bool_or(funnel.has_lost_deal) as has_lost_deal,
        max(funnel.sequence_ends_at) as sequence_ends_at,
        max(funnel.settles_at) as settles_at,
        min(case
            when campaigns.status = 'active' and not funnel.is_holdout
                then
                    coalesce(
                        {{ plus_days('funnel.last_contacted_at', 'steps.wait_days') }},
                        case when steps.position = 1 then funnel.added_at end
                    )
        end) as next_step_at
    from {{ ref('lead_funnel') }} as funnel
    inner join {{ ref('campaigns') }} as campaigns on funnel.campaign_id = campaigns.campaign_id
    left join steps on funnel.campaign_id = steps.campaign_id and funnel.touch_count + 1 = steps.position
    where funnel.client_id is not null
    group by funnel.client_id, funnel.lead_id

),

dated as (

    select
        replies.*,
        {{ day_to_write_again('replies', 'coalesce(clients.time_zone, current_run.agency_time_zone)') }}
            as again_on
    from {{ ref('replies') }} as replies
    cross join {{ source('ops', 'current_run') }} as current_run
    inner join {{ ref('clients') }} as clients on replies.client_id = clients.client_id

),

answers as (

    select
        client_id,
        lead_id,
        min(case when is_human then received_at end) as first_replied_at,
        max(case when is_human then received_at end) as last_replied_at,
        {{ best('intent', newest) }} as last_intent,
        {{ best('case when is_human then intent end', newest) }} as last_human_intent,
        max(case when intent = 'not_interested' then received_at end) as not_interested_at,
        {{ answered_columns() }}
    from dated
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
    campaigns.next_step_at,
    answers.first_replied_at,
    answers.last_replied_at,
    answers.last_intent,
    answers.last_human_intent,
    answers.rejection_reason,
    answers.not_interested_at,
    answers.return_on,
    answers.next_contact_on
from campaigns
full outer join answers on campaigns.client_id = answers.client_id and campaigns.lead_id = answers.lead_id
