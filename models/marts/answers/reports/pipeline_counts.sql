-- Grain: one row a client and pipeline status, all eleven, those without a lead included.
with statuses as (

    {{ rows_of(pipeline_statuses(), 'status') }}

),

counted as (

    select
        client_id,
        status,
        count(*) as lead_count
    from {{ ref('leads') }}
    group by client_id, status

)

select
    {{ key('pipeline_count', ['clients.client_id', 'statuses.status']) }} as pipeline_count_id,
    clients.client_id,
    clients.client,
    statuses.number as status_number,
    statuses.status,
    coalesce(counted.lead_count, 0) as lead_count,
    cast(coalesce(sum(counted.lead_count) over (partition by clients.client_id), 0) as bigint)
        as client_lead_count
from {{ ref('clients') }} as clients
cross join statuses
left join counted on clients.client_id = counted.client_id and statuses.status = counted.status
