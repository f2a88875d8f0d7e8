-- Grain: one row an event on an outbound message; machine opens and clicks are kept and marked.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}

select
    event_id,
    message_id,
    lead_id,
    client_id,
    event_type,
    provider_event,
    occurred_at,
    event_count,
    is_machine,
    machine_reason,
    url,
    bounce_type,
    reason,
    first_loaded_at,
    loaded_at as updated_at
from {{ ref('int_event_leads') }}
