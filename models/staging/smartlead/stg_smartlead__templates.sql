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
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ records('raw_smartlead', 'sequence_variants') }} as sequence_variants
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
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ records('raw_smartlead', 'sequences', 'body is not null') }} as sequences
    where body is not null

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
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from parts
