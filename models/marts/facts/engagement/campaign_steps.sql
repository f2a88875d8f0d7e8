-- Grain: one row a step of a campaign's sequence.
with variants as (

    select
        source,
        account,
        campaign_id,
        step_number,
        count(*) as template_count,
        {{ best('subject', bytewise('variant') ~ ' nulls first, ' ~ bytewise('id')) }} as subject,
        max(loaded_at) as loaded_at
    from {{ ref('int_templates') }}
    group by source, account, campaign_id, step_number

)

select
    {{ key('campaign_step', ['steps.source', 'steps.account', 'steps.campaign_id', 'steps.step_number']) }}
        as campaign_step_id,
    {{ key('campaign', ['steps.source', 'steps.account', 'steps.campaign_id']) }} as campaign_id,
    {{ client_key('campaigns.client') }} as client_id,
    steps.step_number,
    coalesce(steps.channel, campaigns.channel, 'email') as channel,
    steps.wait_days,
    cast(
        sum(case when steps.step_number > 1 then coalesce(steps.wait_days, 0) else 0 end) over (
            partition by steps.source, steps.account, steps.campaign_id order by steps.step_number
        ) as integer
    ) as sequence_day,
    coalesce(steps.subject, variants.subject) as subject,
    coalesce(variants.template_count, 0) as template_count,
    steps.first_loaded_at,
    greatest(steps.loaded_at, campaigns.loaded_at, variants.loaded_at) as updated_at
from {{ ref('int_campaign_steps') }} as steps
left join {{ ref('int_campaigns') }} as campaigns
    on steps.source = campaigns.source and steps.account = campaigns.account
    and steps.campaign_id = campaigns.id
left join variants
    on steps.source = variants.source and steps.account = variants.account
    and steps.campaign_id = variants.campaign_id and steps.step_number = variants.step_number
