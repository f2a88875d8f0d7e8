-- Grain: one row an assignment of a lead to a client; at most one a lead. The first client that contacted a
-- lead owns it (adopted from history); what later ends the assignment depends on the day and stands in `leads`.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}

with first_touches as (

    select
        lead_id,
        client_id,
        campaign_id,
        sent_at,
        first_loaded_at,
        loaded_at,
        row_number() over (partition by lead_id order by sent_at, message_id) as touch
    from {{ ref('int_message_leads') }}
    where client_id is not null and deleted_at is null

),

owners as (

    select * from first_touches
    where touch = 1

),

conversions as (

    select
        lead_id,
        client_id,
        booked_at as converted_at,
        'meeting_booked' as conversion_type,
        updated_at
    from {{ ref('meetings') }}
    where deleted_at is null
    union all
    select
        lead_id,
        client_id,
        closed_at as converted_at,
        'deal_won' as conversion_type,
        updated_at
    from {{ ref('deals') }}
    where stage = 'closed_won' and deleted_at is null and closed_at is not null

),

first_conversions as (

    select
        conversions.*,
        row_number() over (
            partition by owners.lead_id
            order by conversions.converted_at, {{ bytewise('conversions.conversion_type') }} desc
        ) as conversion
    from owners
    inner join conversions
        on owners.lead_id = conversions.lead_id and owners.client_id = conversions.client_id
        and conversions.converted_at >= owners.sent_at

)

select
    {{ key('assignment', ['owners.lead_id', 'owners.client_id']) }} as assignment_id,
    owners.lead_id,
    owners.client_id,
    owners.campaign_id,
    owners.sent_at as assigned_at,
    'import' as assigned_by,
    first_conversions.converted_at,
    first_conversions.conversion_type,
    owners.first_loaded_at,
    greatest(owners.loaded_at, first_conversions.updated_at) as updated_at
from owners
left join first_conversions on owners.lead_id = first_conversions.lead_id and first_conversions.conversion = 1
