-- Grain: one row a stage that a deal entered, the opening one included.
with entries as (

    select
        *,
        row_number() over moves as stage_number,
        lag({{ stage_weight('stage') }}) over moves as weight_before,
        lead(entered_at) over moves as left_at,
        lead(loaded_at) over moves as next_loaded_at
    from {{ ref('int_deal_stages') }}
    window moves as (
        partition by source, account, deal_id order by entered_at, {{ bytewise('provider_stage') }}
    )

)

select
    {{ key('deal_stage', [
        'entries.source', 'entries.account', 'entries.deal_id', 'entries.provider_stage',
        micros('entries.entered_at'),
    ]) }} as deal_stage_id,
    {{ key('deal', ['entries.source', 'entries.account', 'entries.deal_id']) }} as deal_id,
    {{ client_key('deals.client') }} as client_id,
    entries.provider_stage,
    entries.stage,
    cast(entries.stage_number as integer) as stage_number,
    entries.entered_at,
    entries.left_at,
    {{ whole_days('entries.entered_at', 'entries.left_at') }} as days_in_stage,
    coalesce({{ stage_weight('entries.stage') }} > entries.weight_before, false) as is_advance,
    entries.first_loaded_at,
    greatest(entries.loaded_at, entries.next_loaded_at) as updated_at
from entries
left join {{ ref('int_deals') }} as deals
    on entries.source = deals.source and entries.account = deals.account and entries.deal_id = deals.id
