-- Grain: one row a rule and whom or what it finds stuck: leads found and not scored, clients without a send on the
-- last full working day, accounts that have brought nothing new. What is paused is not stuck. The agency's alone.
{% set zone = "coalesce(clients.time_zone, 'UTC')" %}
{% set sending = ['int_messages', 'int_message_events', 'int_replies', 'int_campaign_leads', 'int_deals',
    'int_meetings'] %}

with unscored as (

    select
        pairs.client_id,
        count(*) as item_count,
        min(pairs.found_at) as oldest_at
    from {{ ref('lead_clients') }} as pairs
    inner join {{ ref('clients') }} as clients on pairs.client_id = clients.client_id
    cross join {{ source('ops', 'current_run') }} as current_run
    left join {{ source('scoring', 'als_scores') }} as scores
        on pairs.client_id = scores.client_id and pairs.lead_id = scores.lead_id
    where
        scores.score is null
        and pairs.found_at < {{ plus_days('current_run.run_at', '-1') }}
        and not {{ is_paused('client', 'clients.client') }}
    group by pairs.client_id

),

working_days as (

    select
        clients.client_id,
        {{ zone }} as time_zone,
        {{ last_working_day('current_run.run_at', zone) }} as working_day
    from {{ ref('clients') }} as clients
    cross join {{ source('ops', 'current_run') }} as current_run
    where not {{ is_paused('client', 'clients.client') }}

),

waiting as (

    select
        funnel.client_id,
        count(*) as item_count,
        min(funnel.added_at) as added_at
    from {{ ref('lead_funnel') }} as funnel
    inner join {{ ref('campaigns') }} as campaigns on funnel.campaign_id = campaigns.campaign_id
    where
        campaigns.status = 'active'
        and funnel.touch_count < campaigns.step_count
        and not funnel.is_holdout and not funnel.is_bounced
        and funnel.first_replied_at is null
        and not {{ is_paused('account', "campaigns.source || '/' || campaigns.account") }}
        and not {{ is_paused(
            'campaign', "campaigns.source || '/' || campaigns.account || '/' || campaigns.source_id"
        ) }}
    group by funnel.client_id

),

sends as (

    select
        working_days.client_id,
        max(messages.sent_at) as last_sent_at,
        coalesce(bool_or(
            {{ local_day('messages.sent_at', 'working_days.time_zone') }} >= working_days.working_day
        ), false) as has_sent
    from working_days
    left join {{ ref('int_sent_messages') }} as messages on working_days.client_id = messages.client_id
    group by working_days.client_id

),

loads as (

    {% for relation in sending -%}
    select
        source,
        account,
        max(loaded_at) as loaded_at
    from {{ ref(relation) }}
    where source <> 'files'
    group by source, account
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

accounts as (

    select
        source || '/' || account as subject,
        max(loaded_at) as loaded_at
    from loads
    group by source, account

),

found as (

    select
        'not_scored' as rule,
        24 as limit_hours,
        client_id,
        cast(null as text) as subject,
        item_count,
        oldest_at as since_at
    from unscored
    union all
    select
        'no_send' as rule,
        24 as limit_hours,
        waiting.client_id,
        cast(null as text) as subject,
        waiting.item_count,
        coalesce(sends.last_sent_at, waiting.added_at) as since_at
    from waiting
    inner join sends on waiting.client_id = sends.client_id
    where not sends.has_sent
    union all
    select
        'silent_source' as rule,
        72 as limit_hours,
        cast(null as uuid) as client_id,
        accounts.subject,
        1 as item_count,
        accounts.loaded_at as since_at
    from accounts
    cross join {{ source('ops', 'current_run') }} as current_run
    where
        accounts.loaded_at < {{ plus_days('current_run.run_at', '-3') }}
        and not {{ is_paused('account', 'accounts.subject') }}

)

select
    {{ key('stuck', ['found.rule', 'found.client_id', 'found.subject']) }} as stuck_id,
    found.client_id,
    found.rule,
    found.subject,
    found.item_count,
    found.since_at,
    {{ whole_hours('found.since_at', 'current_run.run_at') }} as hours_stuck,
    found.limit_hours
from found
cross join {{ source('ops', 'current_run') }} as current_run
