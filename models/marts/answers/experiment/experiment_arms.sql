-- Grain: one row a campaign, metric and arm, for campaigns whose leads were split into two arms or more. The
-- unit is the lead; it counts once its window has passed, whatever happened.
{% set metrics = {
    'human_open': 'first_human_opened_at', 'reply': 'first_replied_at', 'positive_reply': 'first_positive_at',
    'meeting': 'meeting_booked_at', 'deal': 'deal_opened_at', 'won': 'deal_won_at',
} %}

with leads as (

    select
        funnel.*,
        case when funnel.is_holdout then coalesce(funnel.variant, 'holdout') else funnel.variant end as arm
    from {{ ref('lead_funnel') }} as funnel
    where funnel.is_settled and funnel.client_id is not null

),

split_campaigns as (

    select campaign_id
    from leads
    where arm is not null
    group by campaign_id
    having count(distinct arm) > 1

),

mailed_campaigns as (

    select distinct campaign_id
    from {{ ref('int_sent_messages') }}

),

results as (

    {% for metric, column in metrics.items() %}
    select
        leads.client_id,
        leads.campaign_id,
        leads.arm,
        leads.is_holdout,
        leads.lead_id,
        '{{ metric }}' as metric,
        cast(case when leads.{{ column }} <= leads.settles_at then 1 else 0 end as decimal(18, 2)) as value
    from leads
    inner join mailed_campaigns on leads.campaign_id = mailed_campaigns.campaign_id
    union all
    {% endfor %}
    select
        leads.client_id,
        leads.campaign_id,
        leads.arm,
        leads.is_holdout,
        leads.lead_id,
        outcomes.name as metric,
        sum(outcomes.value) as value
    from leads
    inner join {{ ref('outcomes') }} as outcomes
        on leads.lead_id = outcomes.lead_id and leads.client_id = outcomes.client_id
    group by
        leads.client_id, leads.campaign_id, leads.arm, leads.is_holdout, leads.lead_id, outcomes.name

),

arms as (

    select
        campaign_id,
        arm,
        count(*) as lead_count
    from leads
    group by campaign_id, arm

),

summed as (

    select
        results.client_id,
        results.campaign_id,
        results.arm,
        bool_or(results.is_holdout) as is_holdout,
        results.metric,
        count(case when results.value > 0 then 1 end) as conversion_count,
        cast(sum(results.value) as decimal(24, 4)) as value_sum,
        cast(sum(results.value * results.value) as decimal(24, 4)) as value_square_sum
    from results
    inner join split_campaigns on results.campaign_id = split_campaigns.campaign_id
    where results.arm is not null
    group by results.client_id, results.campaign_id, results.arm, results.metric

)

select
    {{ key('experiment_arm', ['summed.campaign_id', 'summed.metric', 'summed.arm']) }} as experiment_arm_id,
    summed.client_id,
    summed.campaign_id,
    experiments.experiment,
    summed.metric,
    coalesce(experiments.metric = summed.metric, false) as is_primary,
    summed.arm,
    summed.is_holdout,
    experiments.share as planned_share,
    arms.lead_count,
    summed.conversion_count,
    {{ rate('summed.conversion_count', 'arms.lead_count') }} as conversion_rate,
    {{ wilson('summed.conversion_count', 'arms.lead_count', 'low') }} as rate_low,
    {{ wilson('summed.conversion_count', 'arms.lead_count', 'high') }} as rate_high,
    summed.value_sum,
    summed.value_square_sum,
    {{ rate('summed.value_sum', 'arms.lead_count') }} as value_mean
from summed
inner join arms on summed.campaign_id = arms.campaign_id and summed.arm = arms.arm
inner join {{ ref('campaigns') }} as campaigns on summed.campaign_id = campaigns.campaign_id
left join {{ source('ops', 'experiments') }} as experiments
    on campaigns.source_id = experiments.campaign_id and summed.arm = experiments.arm
    and {{ client_key('experiments.client') }} = campaigns.client_id
