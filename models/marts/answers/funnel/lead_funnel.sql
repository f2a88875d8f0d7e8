-- Grain: one row a client, lead and campaign: how far the lead came, and when.
with results as (

    select
        credits.lead_id,
        credits.campaign_id,
        min(case when credits.kind = 'meeting' then credits.began_at end) as meeting_booked_at,
        min(case when meetings.showed_up then meetings.scheduled_at end)
            as meeting_held_at,
        min(case when credits.kind = 'deal' then credits.began_at end) as deal_opened_at,
        min(case when deals.stage = 'closed_won' then coalesce(deals.closed_at, deals.updated_at) end)
            as deal_won_at,
        bool_or(deals.stage = 'closed_lost') as has_lost_deal
    from {{ ref('crm_credits') }} as credits
    left join {{ ref('meetings') }} as meetings
        on credits.kind = 'meeting' and credits.result_id = meetings.meeting_id
    left join {{ ref('deals') }} as deals
        on credits.kind = 'deal' and credits.result_id = deals.deal_id
    group by credits.lead_id, credits.campaign_id

)

select
    lead_campaigns.client_id,
    lead_campaigns.lead_id,
    lead_campaigns.campaign_id,
    lead_campaigns.variant,
    lead_campaigns.is_holdout,
    lead_campaigns.channel,
    lead_campaigns.template_id,
    {{ monday('lead_campaigns.first_contacted_at', 'current_run.agency_time_zone') }} as cohort_week,
    lead_campaigns.added_at,
    lead_campaigns.first_contacted_at,
    lead_campaigns.last_contacted_at,
    lead_campaigns.touch_count,
    lead_campaigns.first_delivered_at,
    lead_campaigns.first_opened_at,
    lead_campaigns.first_human_opened_at,
    lead_campaigns.first_clicked_at,
    lead_campaigns.first_replied_at,
    lead_campaigns.first_positive_at,
    results.meeting_booked_at,
    results.meeting_held_at,
    results.deal_opened_at,
    results.deal_won_at,
    coalesce(results.has_lost_deal, false) as has_lost_deal,
    lead_campaigns.rejection_reason,
    lead_campaigns.next_contact_on,
    lead_campaigns.is_bounced,
    lead_campaigns.sequence_ends_at,
    lead_campaigns.settles_at,
    coalesce(lead_campaigns.settles_at <= current_run.run_at, true) as is_settled
from {{ ref('lead_campaigns') }} as lead_campaigns
cross join {{ source('ops', 'current_run') }} as current_run
left join results
    on lead_campaigns.lead_id = results.lead_id and lead_campaigns.campaign_id = results.campaign_id
