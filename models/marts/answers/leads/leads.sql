-- Grain: one row a client and lead: who it is, whose it is, where it stands and what it is worth.
with opt_outs as (

    select
        lead_id,
        min(received_at) as opted_out_at
    from {{ ref('labelled_replies') }}
    where is_opt_out
    group by lead_id

),

judged as (

    select
        pairs.client_id,
        pairs.lead_id,
        pairs.found_at,
        pairs.first_contacted_at,
        pairs.last_contacted_at,
        pairs.touch_count,
        results.meeting_booked_at,
        results.deal_won_at,
        results.has_lost_deal,
        results.first_replied_at,
        results.last_intent,
        results.rejection_reason,
        results.return_on,
        owners.client_id as owner_client_id,
        owners.converted_at,
        opt_outs.opted_out_at,
        results.settles_at <= current_run.run_at as is_over,
        {{ plus_days('results.sequence_ends_at', 30) }} <= current_run.run_at
        and results.first_replied_at is null as is_expired
    from {{ ref('lead_clients') }} as pairs
    cross join {{ source('ops', 'current_run') }} as current_run
    left join {{ ref('lead_results') }} as results
        on pairs.client_id = results.client_id and pairs.lead_id = results.lead_id
    left join {{ ref('assignments') }} as owners on pairs.lead_id = owners.lead_id
    left join opt_outs on pairs.lead_id = opt_outs.lead_id

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
    case
        when pool.is_bounced then 'bounced'
        when pool.is_unsubscribed or judged.opted_out_at is not null then 'unsubscribed'
        when pool.email is null or pool.email_status = 'invalid' or pool.confidence < 70 then 'invalid'
        when judged.converted_at is not null then 'converted'
        when judged.owner_client_id is not null then 'assigned'
        else 'available'
    end as pool_status,
    case
        when judged.deal_won_at is not null then 'won'
        when judged.has_lost_deal then 'lost'
        when judged.meeting_booked_at is not null then 'meeting_booked'
        when judged.first_replied_at is not null then 'replied'
        when
            judged.is_expired
            or pool.is_bounced or pool.is_unsubscribed or judged.opted_out_at is not null
            then 'archived'
        when judged.first_contacted_at is not null and judged.is_over then 'no_response'
        when judged.first_contacted_at is not null then 'contacted'
        when scores.score is not null then 'scored'
        when pool.last_enriched_at is not null then 'enriched'
        else 'new'
    end as status,
    case
        when judged.owner_client_id is null or judged.owner_client_id <> judged.client_id then null
        when judged.converted_at is not null then 'converted'
        when judged.is_expired then 'expired'
        else 'active'
    end as assignment_status,
    owner_clients.client as owner_client,
    judged.found_at,
    judged.first_contacted_at,
    judged.last_contacted_at,
    judged.touch_count,
    judged.first_replied_at,
    judged.last_intent,
    judged.rejection_reason,
    judged.return_on as next_contact_on,
    judged.meeting_booked_at,
    judged.deal_won_at
from judged
inner join {{ ref('clients') }} as clients on judged.client_id = clients.client_id
inner join {{ ref('lead_pool') }} as pool on judged.lead_id = pool.lead_id
left join {{ ref('clients') }} as owner_clients on judged.owner_client_id = owner_clients.client_id
left join {{ source('scoring', 'title_groups') }} as titles on pool.title = titles.title
left join {{ source('scoring', 'als_scores') }} as scores
    on judged.client_id = scores.client_id and judged.lead_id = scores.lead_id
