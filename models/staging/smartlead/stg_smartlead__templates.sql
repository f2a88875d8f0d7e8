-- Variants of steps, and the steps that carry their text themselves.
with parts as (

    select
        account,
        id,
        campaign_id,
        step_number,
        variant,
        subject,
        body,
        attributes,
        loaded_at,
        _dlt_load_id
    from {{ source('raw_smartlead', 'sequence_variants') }}
    where _dlt_valid_to is null
    union all
    select
        account,
        id,
        campaign_id,
        step_number,
        cast(null as text) as variant,
        subject,
        body,
        attributes,
        loaded_at,
        _dlt_load_id
    from {{ source('raw_smartlead', 'sequences') }}
    where _dlt_valid_to is null and body is not null

)

select
    'smartlead' as source,
    account,
    id,
    campaign_id,
    step_number,
    variant,
    subject,
    body,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from parts
