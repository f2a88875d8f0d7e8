-- Grain: one row a client and month in its zone, from the one of its first message, or of the first cost, to the one
-- under way.
{{ config(materialized='view', meta={'published': false}) }}

with recursive zones as (

    select
        clients.client_id,
        clients.client,
        coalesce(clients.time_zone, 'UTC') as time_zone,
        current_run.run_at
    from {{ ref('clients') }} as clients
    cross join {{ source('ops', 'current_run') }} as current_run

),

began as (

    select
        zones.client_id,
        {{ local_month('min(messages.sent_at)', 'zones.time_zone') }} as month_starts_on
    from zones
    inner join {{ ref('int_sent_messages') }} as messages on zones.client_id = messages.client_id
    group by zones.client_id, zones.time_zone
    union all
    select
        zones.client_id,
        cast(date_trunc('month', min(costs.starts_on)) as date) as month_starts_on
    from zones
    inner join {{ source('ops', 'costs') }} as costs on zones.client = costs.client
    group by zones.client_id

),

firsts as (

    select
        zones.client_id,
        zones.client,
        zones.time_zone,
        zones.run_at,
        {{ local_month('zones.run_at', 'zones.time_zone') }} as this_month,
        min(began.month_starts_on) as month_starts_on
    from zones
    inner join began on zones.client_id = began.client_id
    group by zones.client_id, zones.client, zones.time_zone, zones.run_at

),

months as (

    select
        client_id,
        client,
        time_zone,
        run_at,
        month_starts_on,
        this_month
    from firsts
    where month_starts_on <= this_month
    union all
    select
        client_id,
        client,
        time_zone,
        run_at,
        cast(month_starts_on + interval '1 month' as date) as month_starts_on,
        this_month
    from months
    where month_starts_on < this_month

)

select
    client_id,
    client,
    time_zone,
    run_at,
    month_starts_on,
    this_month
from months
