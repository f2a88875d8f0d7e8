-- Grain: one row an event in the ownership of a lead: adopted, expired, resumed, converted. An assignment expires 30
-- days after the end of its last sequence when nobody has replied by then; a message or a reply after that resumes it.
with sendings as (

    select
        lead_id,
        client_id,
        first_contacted_at as began_at,
        greatest(sequence_ends_at, last_contacted_at) as ended_at
    from {{ ref('lead_funnel') }}
    where first_contacted_at is not null
    union all
    select
        lead_id,
        client_id,
        sent_at as began_at,
        sent_at as ended_at
    from {{ ref('int_sent_messages') }}
    where campaign_id is null or campaign_id not in (select campaign_id from {{ ref('campaigns') }})

),

periods as (

    select
        assignments.assignment_id,
        assignments.converted_at,
        results.first_replied_at,
        {{ plus_days(
            'max(sendings.ended_at) over (
                partition by assignments.assignment_id order by sendings.began_at, sendings.ended_at
                rows between unbounded preceding and current row
            )',
            expiry_days()
        ) }} as expires_at,
        lead(sendings.began_at) over (
            partition by assignments.assignment_id order by sendings.began_at, sendings.ended_at
        ) as next_began_at
    from {{ ref('assignments') }} as assignments
    inner join sendings
        on assignments.lead_id = sendings.lead_id and assignments.client_id = sendings.client_id
    left join {{ ref('lead_results') }} as results
        on assignments.lead_id = results.lead_id and assignments.client_id = results.client_id

),

lapses as (

    select
        periods.assignment_id,
        periods.expires_at,
        least(periods.next_began_at, periods.first_replied_at) as resumed_at,
        periods.converted_at
    from periods
    cross join {{ source('ops', 'current_run') }} as current_run
    where
        periods.expires_at <= current_run.run_at
        and coalesce(periods.next_began_at > periods.expires_at, true)
        and coalesce(periods.first_replied_at > periods.expires_at, true)
        and coalesce(periods.converted_at > periods.expires_at, true)

),

events as (

    select
        assignment_id,
        1 as event_rank,
        'adopted' as event,
        'active' as status,
        assigned_at as occurred_at
    from {{ ref('assignments') }}
    union all
    select
        assignment_id,
        2 as event_rank,
        'expired' as event,
        'expired' as status,
        expires_at as occurred_at
    from lapses
    union all
    select
        lapses.assignment_id,
        3 as event_rank,
        'resumed' as event,
        'active' as status,
        lapses.resumed_at as occurred_at
    from lapses
    cross join {{ source('ops', 'current_run') }} as current_run
    where
        lapses.resumed_at <= current_run.run_at
        and coalesce(lapses.resumed_at < lapses.converted_at, true)
    union all
    select
        assignment_id,
        4 as event_rank,
        'converted' as event,
        'converted' as status,
        converted_at as occurred_at
    from {{ ref('assignments') }}
    where converted_at is not null

),

numbered as (

    select
        assignment_id,
        event,
        status,
        occurred_at,
        row_number() over (partition by assignment_id order by occurred_at, event_rank) as event_number,
        lead(occurred_at) over (partition by assignment_id order by occurred_at, event_rank) as until_at
    from events

)

select
    {{ key('assignment_event', ['numbered.assignment_id', 'numbered.event_number']) }} as assignment_event_id,
    numbered.assignment_id,
    assignments.lead_id,
    assignments.client_id,
    numbered.event_number,
    numbered.event,
    numbered.status,
    numbered.occurred_at,
    numbered.until_at,
    numbered.until_at is null as is_current,
    case when numbered.event = 'adopted' then assignments.assigned_by end as decided_by,
    case when numbered.event = 'converted' then assignments.conversion_type end as conversion_type,
    results.rejection_reason,
    results.next_contact_on
from numbered
inner join {{ ref('assignments') }} as assignments on numbered.assignment_id = assignments.assignment_id
left join {{ ref('lead_results') }} as results
    on numbered.until_at is null
    and assignments.lead_id = results.lead_id and assignments.client_id = results.client_id
