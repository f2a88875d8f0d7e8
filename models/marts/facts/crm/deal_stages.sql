-- Grain: one row a stage that a deal entered, the opening one included.
select
    {{ key('deal_stage', ['source', 'account', 'deal_id', 'provider_stage', micros('entered_at')]) }}
        as deal_stage_id,
    {{ key('deal', ['source', 'account', 'deal_id']) }} as deal_id,
    provider_stage,
    stage,
    entered_at,
    row_number() over (
        partition by source, account, deal_id order by entered_at, {{ bytewise('provider_stage') }}
    ) as stage_number,
    loaded_at as updated_at
from {{ ref('int_deal_stages') }}
