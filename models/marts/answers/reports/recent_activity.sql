-- Grain: one row a thing that happened with a client's lead in the seven days before the run.
with happened as (

    select
        'first_contact' as kind,
        message_id as subject_id,
        client_id,
        lead_id,
        campaign_id,
        sent_at as occurred_at,
        channel as detail
    from {{ ref('int_sent_messages') }}
    where touch_number = 1
    union all
    select
        case when is_opt_out then 'opt_out' when is_positive then 'positive_reply' else 'reply' end as kind,
        reply_id as subject_id,
        client_id,
        lead_id,
        campaign_id,
        received_at as occurred_at,
        intent as detail
    from {{ ref('replies') }}
    where is_human or is_opt_out
    union all
    select
        'meeting_booked' as kind,
        meeting_id as subject_id,
        client_id,
        lead_id,
        cast(null as uuid) as campaign_id,
        booked_at as occurred_at,
        meeting_type as detail
    from {{ ref('meetings') }}
    where deleted_at is null
    union all
    select
        'deal_opened' as kind,
        deal_id as subject_id,
        client_id,
        lead_id,
        cast(null as uuid) as campaign_id,
        created_at as occurred_at,
        name as detail
    from {{ ref('deals') }}
    where deleted_at is null
    union all
    select
        case when stage = 'closed_won' then 'deal_won' else 'deal_lost' end as kind,
        deal_id as subject_id,
        client_id,
        lead_id,
        cast(null as uuid) as campaign_id,
        closed_at as occurred_at,
        name as detail
    from {{ ref('deals') }}
    where deleted_at is null and stage in ('closed_won', 'closed_lost')

)

select
    {{ key('activity', ['happened.kind', 'happened.subject_id']) }} as activity_id,
    happened.client_id,
    happened.lead_id,
    happened.campaign_id,
    happened.kind,
    happened.subject_id,
    happened.occurred_at,
    happened.detail
from happened
cross join {{ source('ops', 'current_run') }} as current_run
where
    happened.client_id is not null
    and happened.occurred_at > {{ plus_days('current_run.run_at', '-7') }}
    and happened.occurred_at <= current_run.run_at
