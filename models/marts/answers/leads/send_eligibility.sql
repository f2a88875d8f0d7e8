-- Grain: one row a client, a lead, a campaign (null: one that it is not in yet, judged as for e-mail) and a reason
-- not to send to it tonight, every one that applies. No row: eligible. Campaigns that are over are left out.
{% set zone = 'coalesce(clients.time_zone, current_run.agency_time_zone)' %}

with resting as (

    select
        client_id,
        lead_id,
        max({{ plus_days(
            'last_message_at',
            "case when status in ('resolved', 'converted') then " ~ stale_days() ~ ' else ' ~ dead_days() ~ ' end'
        ) }}) as rests_at
    from {{ ref('threads') }}
    where human_reply_count > 0
    group by client_id, lead_id

),

enrolments as (

    select
        client_id,
        lead_id,
        cast(null as uuid) as campaign_id,
        'email' as channel,
        0 as step_count,
        0 as touch_count
    from {{ ref('lead_clients') }}
    union all
    select
        funnel.client_id,
        funnel.lead_id,
        funnel.campaign_id,
        funnel.channel,
        campaigns.step_count,
        funnel.touch_count
    from {{ ref('lead_funnel') }} as funnel
    inner join {{ ref('campaigns') }} as campaigns on funnel.campaign_id = campaigns.campaign_id
    where funnel.client_id is not null
        and coalesce(campaigns.status, 'active') not in ('completed', 'stopped', 'archived')

),

touches as (

    select
        enrolments.lead_id,
        enrolments.client_id,
        enrolments.campaign_id,
        max(messages.sent_at) as touched_at,
        max(case when messages.channel = enrolments.channel then messages.sent_at end) as channel_touched_at
    from enrolments
    cross join {{ source('ops', 'current_run') }} as current_run
    inner join {{ ref('int_sent_messages') }} as messages
        on enrolments.lead_id = messages.lead_id and enrolments.client_id = messages.client_id
        and (enrolments.campaign_id is null or enrolments.campaign_id is distinct from messages.campaign_id)
        and messages.sent_at > {{ plus_days('current_run.run_at', -5) }}
    group by enrolments.lead_id, enrolments.client_id, enrolments.campaign_id

),

targets as (

    select
        enrolments.client_id,
        enrolments.lead_id,
        enrolments.campaign_id,
        enrolments.channel,
        enrolments.step_count,
        enrolments.touch_count as campaign_touch_count,
        pairs.touch_count,
        pool.email_key,
        pool.email_status,
        coalesce(barred.is_bounced, false) as is_bounced,
        coalesce(barred.is_unsubscribed, false) as is_unsubscribed,
        {{ pool_status('pool', 'barred', 'owners.status') }} as pool_status,
        case when owners.client_id = enrolments.client_id then owners.status end as assignment_status,
        scores.tier,
        results.last_human_intent,
        resting.rests_at as thread_rests_at,
        {{ start_of_day('results.return_on', zone) }} as back_at,
        {{ plus_days('results.not_interested_at', cooling_days()) }} as cools_until,
        touches.touched_at,
        touches.channel_touched_at,
        caps.left_count = 0 as is_cap_used_up,
        caps.warmup_left_count = 0 as is_warmup_used_up,
        caps.resets_at,
        {{ zone }} as time_zone,
        coalesce(config.verified_email_only, true) as verified_email_only,
        config.postal_address is not null as has_postal_address,
        current_run.run_at
    from enrolments
    cross join {{ source('ops', 'current_run') }} as current_run
    inner join {{ ref('lead_clients') }} as pairs
        on enrolments.client_id = pairs.client_id and enrolments.lead_id = pairs.lead_id
    inner join {{ ref('lead_pool') }} as pool on enrolments.lead_id = pool.lead_id
    inner join {{ ref('clients') }} as clients on enrolments.client_id = clients.client_id
    left join {{ source('ops', 'client_config') }} as config on clients.client = config.client
    left join {{ ref('assignment_history') }} as owners
        on enrolments.lead_id = owners.lead_id and owners.is_current
    left join {{ ref('lead_results') }} as results
        on enrolments.client_id = results.client_id and enrolments.lead_id = results.lead_id
    left join {{ source('scoring', 'als_scores') }} as scores
        on enrolments.client_id = scores.client_id and enrolments.lead_id = scores.lead_id
    left join resting on enrolments.client_id = resting.client_id and enrolments.lead_id = resting.lead_id
    left join touches
        on enrolments.client_id = touches.client_id and enrolments.lead_id = touches.lead_id
        and enrolments.campaign_id is not distinct from touches.campaign_id
    left join {{ ref('send_caps') }} as caps
        on enrolments.client_id = caps.client_id and enrolments.channel = caps.channel
        and (caps.channel <> 'email' or caps.campaign_id is not distinct from enrolments.campaign_id)
    left join {{ barred_leads() }} as barred on enrolments.lead_id = barred.lead_id

),

failing as (

    select
        targets.client_id,
        targets.lead_id,
        targets.campaign_id,
        'suppressed_' || suppressed.reason as code,
        'person' as about,
        {{ start_of_day('suppressed.expires_on', 'targets.time_zone') }} as until_at
    from targets
    inner join {{ ref('suppressed_leads') }} as suppressed
        on targets.client_id = suppressed.client_id and targets.lead_id = suppressed.lead_id
    {% for code, about, condition, until_at in failing_codes() %}
    union all
    select
        client_id,
        lead_id,
        campaign_id,
        {{ code }} as code,
        '{{ about }}' as about,
        {{ until_at or 'cast(null as timestamptz)' }} as until_at
    from targets
    where {{ condition }}
    {% endfor %}

)

select
    {{ key('failing_code', ['client_id', 'lead_id', 'campaign_id', 'code']) }} as send_eligibility_id,
    failing.*
from failing
