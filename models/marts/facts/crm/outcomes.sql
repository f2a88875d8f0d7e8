-- Grain: one row an imported outcome of a lead for a client.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}

select
    {{ key('outcome', [
        'outcomes.source', 'outcomes.account', 'outcomes.lead_key', 'outcomes.client', 'outcomes.name',
        micros('outcomes.occurred_at'),
    ]) }} as outcome_id,
    lead_keys.lead_id,
    {{ client_key('outcomes.client') }} as client_id,
    outcomes.name,
    outcomes.occurred_at,
    cast(outcomes.value as decimal(38, 9)) as value,
    outcomes.first_loaded_at,
    outcomes.loaded_at as updated_at
from {{ ref('int_outcomes') }} as outcomes
inner join {{ ref('lead_keys') }} as lead_keys on outcomes.lead_key = lead_keys.person_key
inner join {{ ref('touched_leads') }} as touched on lead_keys.lead_id = touched.lead_id
