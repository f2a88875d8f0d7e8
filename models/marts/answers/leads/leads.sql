-- Grain: one row a client and lead: who it is, whose it is, where it stands and what it is worth.
{% set zone = "coalesce(clients.time_zone, judged.agency_time_zone)" %}

with failing as (

    select
        client_id,
        lead_id,
        count(*) as code_count
    from {{ ref('send_eligibility') }}
    where campaign_id is null
    group by client_id, lead_id

),

suppressed as (

    select
        client_id,
        lead_id,
        bool_or(expires_on is null) as is_for_good
    from {{ ref('suppressed_leads') }}
    group by client_id, lead_id

),

judged as (

    select
        pairs.*,
        results.meeting_booked_at,
        results.deal_won_at,
        results.has_lost_deal,
        results.first_replied_at,
        results.last_replied_at,
        results.last_intent,
        results.last_human_intent,
        results.rejection_reason,
        results.next_contact_on,
        results.next_step_at,
        owners.client_id as owner_client_id,
        owners.status as owner_status,
        barred.lead_id is not null as is_barred,
        barred.is_bounced,
        barred.is_unsubscribed,
        suppressed.lead_id is not null as is_suppressed,
        coalesce(suppressed.is_for_good, false) as is_suppressed_for_good,
        coalesce(failing.code_count, 0) as failing_code_count,
        results.settles_at <= current_run.run_at as is_over,
        {{ plus_days('greatest(results.sequence_ends_at, pairs.last_contacted_at)', expiry_days()) }}
        <= current_run.run_at
        and results.first_replied_at is null as is_expired,
        results.settles_at > current_run.run_at
        and coalesce(results.first_replied_at, results.meeting_booked_at, results.deal_won_at) is null
            as is_in_sequence,
        current_run.agency_time_zone
    from {{ ref('lead_clients') }} as pairs
    cross join {{ source('ops', 'current_run') }} as current_run
    left join {{ ref('lead_results') }} as results
        on pairs.client_id = results.client_id and pairs.lead_id = results.lead_id
    left join {{ ref('assignment_history') }} as owners
        on pairs.lead_id = owners.lead_id and owners.is_current
    left join {{ barred_leads() }} as barred on pairs.lead_id = barred.lead_id
    left join suppressed on pairs.client_id = suppressed.client_id and pairs.lead_id = suppressed.lead_id
    left join failing on pairs.client_id = failing.client_id and pairs.lead_id = failing.lead_id

)

select
    {{ key('client_lead', ['judged.client_id', 'judged.lead_id']) }} as client_lead_id,
    judged.client_id,
    clients.client,
    judged.lead_id,
    pool.email,
    pool.email_status,
    pool.first_name,
    pool.last_name,
    pool.title,
    titles.title_group,
    pool.seniority,
    pool.linkedin_url,
    pool.company_id,
    pool.company_name,
    pool.company_domain,
    pool.industry,
    pool.employee_count,
    pool.country,
    pool.confidence,
    scores.score,
    scores.tier,
    scores.als_coverage,
    {{ pool_status('pool', 'judged', 'judged.owner_status') }} as pool_status,
    case
        when judged.deal_won_at is not null then 'won'
        when judged.has_lost_deal then 'lost'
        when judged.meeting_booked_at is not null then 'meeting_booked'
        when judged.first_replied_at is not null then 'replied'
        when judged.is_expired or judged.is_suppressed or judged.is_barred then 'archived'
        when judged.first_contacted_at is not null and judged.is_over then 'no_response'
        when judged.first_contacted_at is not null then 'contacted'
        when scores.score is not null then 'scored'
        when pool.last_enriched_at is not null then 'enriched'
        else 'new'
    end as status,
    case when judged.owner_client_id = judged.client_id then judged.owner_status end as assignment_status,
    owner_clients.client as owner_client,
    judged.failing_code_count = 0 as is_eligible,
    judged.failing_code_count,
    judged.found_at,
    judged.first_contacted_at,
    judged.last_contacted_at,
    judged.touch_count,
    judged.first_replied_at,
    judged.last_intent,
    judged.rejection_reason,
    case
        when
            judged.is_suppressed_for_good or judged.is_barred or judged.last_human_intent = 'wrong_person'
            then null
        when
            judged.next_contact_on
            > {{ local_day('coalesce(judged.last_contacted_at, judged.found_at)', zone) }}
            and not coalesce(judged.is_expired, false)
            then judged.next_contact_on
        when judged.is_in_sequence then {{ local_day('judged.next_step_at', zone) }}
    end as next_contact_on,
    judged.meeting_booked_at,
    judged.deal_won_at
from judged
inner join {{ ref('clients') }} as clients on judged.client_id = clients.client_id
inner join {{ ref('lead_pool') }} as pool on judged.lead_id = pool.lead_id
left join {{ ref('clients') }} as owner_clients on judged.owner_client_id = owner_clients.client_id
left join {{ source('scoring', 'title_groups') }} as titles on pool.title = titles.title
left join {{ source('scoring', 'als_scores') }} as scores
    on judged.client_id = scores.client_id and judged.lead_id = scores.lead_id
