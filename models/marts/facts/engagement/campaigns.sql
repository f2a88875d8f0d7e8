-- Grain: one row a campaign.
with steps as (

    select
        source,
        account,
        campaign_id,
        count(*) as step_count,
        cast(sum(case when step_number > 1 then coalesce(wait_days, 0) else 0 end) as integer)
            as sequence_days
    from {{ ref('int_campaign_steps') }}
    group by source, account, campaign_id

),

enrolled as (

    select
        campaign_id,
        count(*) as total_leads
    from {{ ref('campaign_leads') }}
    group by campaign_id

)

select
    {{ key('campaign', ['campaigns.source', 'campaigns.account', 'campaigns.id']) }} as campaign_id,
    {{ client_key('campaigns.client') }} as client_id,
    campaigns.source,
    campaigns.account,
    campaigns.id as source_id,
    campaigns.name,
    campaigns.status,
    coalesce(campaigns.channel, 'email') as channel,
    campaigns.created_at,
    coalesce(steps.step_count, 0) as step_count,
    coalesce(steps.sequence_days, 0) as sequence_days,
    coalesce(enrolled.total_leads, 0) as total_leads,
    campaigns.attributes,
    campaigns.first_loaded_at,
    campaigns.loaded_at as updated_at
from {{ ref('int_campaigns') }} as campaigns
left join steps
    on campaigns.source = steps.source and campaigns.account = steps.account
    and campaigns.id = steps.campaign_id
left join enrolled
    on {{ key('campaign', ['campaigns.source', 'campaigns.account', 'campaigns.id']) }} = enrolled.campaign_id
