-- Grain: one row a template: one variant of one step of a campaign.
select
    {{ key('template', ['source', 'account', 'id']) }} as template_id,
    case
        when campaign_id is not null then {{ key('campaign', ['source', 'account', 'campaign_id']) }}
    end as campaign_id,
    step_number,
    variant,
    subject,
    body,
    loaded_at as updated_at
from {{ ref('int_templates') }}
