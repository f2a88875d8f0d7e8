-- Grain: one row a lead and a campaign it was enrolled in or contacted by: what was sent and how it was met.
with pairs as (

    select
        lead_id,
        campaign_id
    from {{ ref('campaign_leads') }}
    union
    select
        lead_id,
        campaign_id
    from {{ ref('int_sent_messages') }}
    where campaign_id is not null

),

touches as (

    select
        lead_id,
        campaign_id,
        min(sent_at) as first_contacted_at,
        max(sent_at) as last_contacted_at,
        count(*) as touch_count,
        min(case when is_delivered then sent_at end) as first_delivered_at,
        min(first_opened_at) as first_opened_at,
        min(first_human_opened_at) as first_human_opened_at,
        min(first_clicked_at) as first_clicked_at,
        bool_or(is_bounced) as is_bounced,
        {{ best('variant', 'sent_at, message_id') }} as variant,
        {{ best('template_id', 'sent_at, message_id') }} as template_id,
        {{ best('channel', 'sent_at, message_id') }} as channel
    from {{ ref('int_sent_messages') }}
    where campaign_id is not null
    group by lead_id, campaign_id

),

dated as (

    select
        replies.*,
        {{ day_to_write_again('replies', 'coalesce(clients.time_zone, current_run.agency_time_zone)') }}
            as again_on
    from {{ ref('replies') }} as replies
    cross join {{ source('ops', 'current_run') }} as current_run
    left join {{ ref('clients') }} as clients on replies.client_id = clients.client_id
    where replies.campaign_id is not null

),

answers as (

    select
        lead_id,
        campaign_id,
        min(case when is_human then received_at end) as first_replied_at,
        min(case when is_positive then received_at end) as first_positive_at,
        {{ answered_columns() }}
    from dated
    group by lead_id, campaign_id

)

select
    pairs.lead_id,
    pairs.campaign_id,
    campaigns.client_id,
    coalesce(enrolled.variant, touches.variant) as variant,
    coalesce(enrolled.is_holdout, false) as is_holdout,
    enrolled.added_at,
    coalesce(touches.channel, campaigns.channel) as channel,
    touches.template_id,
    touches.first_contacted_at,
    touches.last_contacted_at,
    coalesce(touches.touch_count, 0) as touch_count,
    touches.first_delivered_at,
    touches.first_opened_at,
    touches.first_human_opened_at,
    touches.first_clicked_at,
    coalesce(touches.is_bounced, false) as is_bounced,
    answers.first_replied_at,
    answers.first_positive_at,
    answers.rejection_reason,
    answers.next_contact_on,
    {{ plus_days(
        'coalesce(touches.first_contacted_at, enrolled.added_at)',
        'campaigns.sequence_days'
    ) }} as sequence_ends_at,
    {{ plus_days(
        'coalesce(touches.first_contacted_at, enrolled.added_at)',
        '(campaigns.sequence_days + current_run.reply_window_days)'
    ) }} as settles_at
from pairs
inner join {{ ref('campaigns') }} as campaigns on pairs.campaign_id = campaigns.campaign_id
cross join {{ source('ops', 'current_run') }} as current_run
left join {{ ref('campaign_leads') }} as enrolled
    on pairs.lead_id = enrolled.lead_id and pairs.campaign_id = enrolled.campaign_id
left join touches on pairs.lead_id = touches.lead_id and pairs.campaign_id = touches.campaign_id
left join answers on pairs.lead_id = answers.lead_id and pairs.campaign_id = answers.campaign_id
