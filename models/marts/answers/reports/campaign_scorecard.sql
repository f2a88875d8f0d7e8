-- Grain: one row a campaign: whom it has reached, what was sent, how it was met and what came of it. Counts, so
-- that any rate is one count over another.
with sent as (

    select
        campaign_id,
        {{ delivered_rate().denominator }} as message_count,
        {{ delivered_rate().numerator }} as delivered_message_count,
        count(nullif(is_bounced, false)) as bounced_message_count,
        count(first_opened_at) as opened_message_count,
        {{ human_open_rate().numerator }} as human_opened_message_count,
        count(first_clicked_at) as clicked_message_count,
        max(sent_at) as last_sent_at
    from {{ ref('int_sent_messages') }}
    group by campaign_id

),

reached as (

    select
        funnel.campaign_id,
        count(*) as lead_count,
        count(nullif(funnel.is_holdout, false)) as holdout_lead_count,
        {{ leads_contacted('funnel.').numerator }} as contacted_lead_count,
        count(funnel.first_delivered_at) as delivered_lead_count,
        count(funnel.first_replied_at) as replied_lead_count,
        count(funnel.first_positive_at) as positive_lead_count,
        count(funnel.meeting_booked_at) as meeting_lead_count,
        count(funnel.meeting_held_at) as held_meeting_lead_count,
        count(funnel.deal_opened_at) as deal_lead_count,
        count(funnel.deal_won_at) as won_lead_count,
        count(case when funnel.is_settled and funnel.first_contacted_at is not null then 1 end)
            as settled_lead_count,
        count(
            case
                when
                    funnel.is_settled and funnel.first_contacted_at is not null
                    and funnel.first_positive_at <= funnel.settles_at
                    then 1
            end
        ) as settled_positive_lead_count,
        count(scores.score) as scored_lead_count,
        count(case when scores.tier in ('hot', 'warm') then 1 end) as hot_warm_lead_count,
        count(case when pool.email_status = 'verified' then 1 end) as verified_lead_count,
        min(funnel.first_contacted_at) as first_contacted_at
    from {{ ref('lead_funnel') }} as funnel
    inner join {{ ref('lead_pool') }} as pool on funnel.lead_id = pool.lead_id
    left join {{ source('scoring', 'als_scores') }} as scores
        on funnel.lead_id = scores.lead_id and funnel.client_id = scores.client_id
    group by funnel.campaign_id

),

answered as (

    select
        campaign_id,
        count(nullif(is_human, false)) as human_reply_count,
        count(nullif(is_positive, false)) as positive_reply_count,
        count(distinct case when is_opt_out then lead_id end) as opt_out_lead_count
    from {{ ref('replies') }}
    group by campaign_id

)

select
    campaigns.campaign_id,
    campaigns.client_id,
    campaigns.name,
    campaigns.source,
    campaigns.channel,
    campaigns.status,
    campaigns.step_count,
    campaigns.sequence_days,
    campaigns.total_leads,
    {% for column in ['lead_count', 'holdout_lead_count', 'contacted_lead_count', 'delivered_lead_count',
        'replied_lead_count', 'positive_lead_count', 'meeting_lead_count', 'held_meeting_lead_count',
        'deal_lead_count', 'won_lead_count', 'settled_lead_count', 'settled_positive_lead_count',
        'scored_lead_count', 'hot_warm_lead_count', 'verified_lead_count'] %}
    coalesce(reached.{{ column }}, 0) as {{ column }},
    {% endfor %}
    {% for column in ['message_count', 'delivered_message_count', 'bounced_message_count',
        'opened_message_count'] %}
    coalesce(sent.{{ column }}, 0) as {{ column }},
    {% endfor %}
    case when sent.campaign_id is null then 0 else sent.human_opened_message_count end
        as human_opened_message_count,
    coalesce(sent.clicked_message_count, 0) as clicked_message_count,
    coalesce(answered.human_reply_count, 0) as human_reply_count,
    coalesce(answered.positive_reply_count, 0) as positive_reply_count,
    coalesce(answered.opt_out_lead_count, 0) as opt_out_lead_count,
    reached.first_contacted_at,
    sent.last_sent_at
from {{ ref('campaigns') }} as campaigns
left join sent on campaigns.campaign_id = sent.campaign_id
left join reached on campaigns.campaign_id = reached.campaign_id
left join answered on campaigns.campaign_id = answered.campaign_id
