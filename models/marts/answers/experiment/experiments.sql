-- Grain: one row an experiment of winnow.yml: what was set up, whom it has reached, and how far it is.
with planned as (

    select
        experiment,
        client,
        campaign_id as source_id,
        min({{ bytewise('metric') }}) as metric,
        count(*) as planned_arm_count,
        sum(share) as planned_share
    from {{ source('ops', 'experiments') }}
    group by experiment, client, campaign_id

),

matched as (

    select
        planned.*,
        {{ key('experiment', ['planned.client', 'planned.experiment', 'planned.source_id']) }}
            as experiment_id,
        {{ client_key('planned.client') }} as client_id,
        campaigns.campaign_id,
        campaigns.name as campaign,
        row_number() over (
            partition by planned.client, planned.experiment, planned.source_id
            order by campaigns.total_leads desc nulls last, campaigns.campaign_id
        ) as nearness
    from planned
    left join {{ ref('campaigns') }} as campaigns
        on planned.source_id = campaigns.source_id
        and {{ client_key('planned.client') }} = campaigns.client_id

),

leads as (

    select
        funnel.campaign_id,
        funnel.lead_id,
        funnel.first_contacted_at,
        funnel.is_settled,
        case when funnel.is_holdout then coalesce(funnel.variant, 'holdout') else funnel.variant end as arm
    from {{ ref('lead_funnel') }} as funnel

),

reached as (

    select
        matched.experiment_id,
        count(*) as lead_count,
        count(arms.arm) as planned_lead_count,
        count(distinct arms.arm) as found_arm_count,
        count(leads.first_contacted_at) as contacted_count,
        count(case when leads.is_settled then 1 end) as settled_count,
        min(leads.first_contacted_at) as first_contacted_at,
        max(leads.first_contacted_at) as last_contacted_at
    from matched
    inner join leads on matched.campaign_id = leads.campaign_id
    left join {{ source('ops', 'experiments') }} as arms
        on matched.experiment = arms.experiment and matched.client = arms.client
        and matched.source_id = arms.campaign_id and leads.arm = arms.arm
    where matched.nearness = 1
    group by matched.experiment_id

)

select
    matched.experiment_id,
    matched.client_id,
    matched.experiment,
    matched.campaign_id,
    matched.campaign,
    matched.source_id,
    matched.metric,
    matched.planned_arm_count,
    cast(matched.planned_share as decimal(9, 6)) as planned_share,
    coalesce(reached.found_arm_count, 0) as found_arm_count,
    coalesce(reached.lead_count, 0) as lead_count,
    coalesce(reached.planned_lead_count, 0) as planned_lead_count,
    coalesce(reached.lead_count - reached.planned_lead_count, 0) as unplanned_lead_count,
    coalesce(reached.contacted_count, 0) as contacted_count,
    coalesce(reached.settled_count, 0) as settled_count,
    reached.first_contacted_at,
    reached.last_contacted_at,
    case
        when matched.campaign_id is null then 'campaign_unknown'
        when coalesce(reached.lead_count, 0) = 0 then 'no_leads'
        when reached.found_arm_count < matched.planned_arm_count then 'arm_missing'
        when reached.settled_count = 0 then 'too_early'
        when reached.settled_count < reached.lead_count then 'running'
        else 'settled'
    end as status
from matched
left join reached on matched.experiment_id = reached.experiment_id
where matched.nearness = 1
