-- Grain: one row a client (null: all of them), an address or a domain, and a reason not to write there.
{% set told_by_replies = {
    'unsubscribed': 'is_opt_out',
    'complained': 'is_complaint',
    'do_not_contact': "intent = 'angry'",
    'bounced': is_lasting_bounce('bounce_type'),
} %}
{% set today = local_day('current_run.run_at', 'coalesce(clients.time_zone, current_run.agency_time_zone)') %}

with people as (

    select
        lead_id,
        'unsubscribed' as reason,
        'events' as source,
        unsubscribed_at as since_at
    from {{ ref('lead_pool') }}
    where is_unsubscribed
    union all
    select
        lead_id,
        'bounced' as reason,
        'events' as source,
        bounced_at as since_at
    from {{ ref('lead_pool') }}
    where is_bounced
    {% for reason, condition in told_by_replies.items() %}
    union all
    select
        lead_id,
        '{{ reason }}' as reason,
        'replies' as source,
        received_at as since_at
    from {{ ref('replies') }}
    where {{ condition }}
    {% endfor %}
    union all
    select
        lead_id,
        'complained' as reason,
        'events' as source,
        occurred_at as since_at
    from {{ ref('message_events') }}
    where event_type = 'complained'

),

buyers as (

    select
        client_id,
        domain,
        is_won,
        source,
        since_at,
        max(bought_on) over (partition by client_id, domain, is_won) as last_bought_on
    from {{ ref('int_client_purchases') }}

),

listed as (

    select
        cast(null as uuid) as client_id,
        substr(lead_keys.person_key, 7) as email,
        cast(null as text) as domain,
        people.reason,
        people.source,
        people.since_at,
        cast(null as date) as expires_on
    from people
    inner join {{ ref('lead_keys') }} as lead_keys on people.lead_id = lead_keys.lead_id
    where lead_keys.person_key like 'email:%'
    union all
    select
        buyers.client_id,
        cast(null as text) as email,
        buyers.domain,
        case
            when not buyers.is_won then 'open_deal'
            when buyers.last_bought_on < {{ today }} - {{ customer_days() }} then 'past_customer'
            else 'existing_customer'
        end as reason,
        buyers.source,
        buyers.since_at,
        cast(null as date) as expires_on
    from buyers
    cross join {{ source('ops', 'current_run') }} as current_run
    left join {{ ref('clients') }} as clients on buyers.client_id = clients.client_id
    union all
    select
        {{ client_key('client') }} as client_id,
        cast(null as text) as email,
        value as domain,
        'competitor' as reason,
        'winnow.yml' as source,
        cast(null as timestamptz) as since_at,
        cast(null as date) as expires_on
    from {{ source('ops', 'client_icps') }}
    where kind = 'competitor'
    {% for kind in ['email', 'domain'] %}
    union all
    select
        {{ client_key('client') }} as client_id,
        {{ 'email_key' if kind == 'email' else 'cast(null as text)' }} as email,
        {{ 'domain_key' if kind == 'domain' else 'cast(null as text)' }} as domain,
        reason,
        source,
        first_loaded_at as since_at,
        expires_on
    from {{ ref('int_suppressions') }}
    where {{ kind }}_key is not null
    {% endfor %}

),

merged as (

    select
        client_id,
        email,
        domain,
        reason,
        string_agg(distinct {{ bytewise('source') }}, ', ' order by {{ bytewise('source') }}) as sources,
        min(since_at) as since_at,
        case when count(expires_on) = count(*) then max(expires_on) end as expires_on
    from listed
    group by client_id, email, domain, reason

)

select
    {{ key('suppression', ['merged.client_id', 'merged.email', 'merged.domain', 'merged.reason']) }}
        as suppression_id,
    merged.*,
    coalesce(merged.expires_on > {{ today }}, true) as is_active
from merged
cross join {{ source('ops', 'current_run') }} as current_run
left join {{ ref('clients') }} as clients on merged.client_id = clients.client_id
