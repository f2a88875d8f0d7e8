-- Grain: one row a template: one variant of one step of a campaign.
select
    {{ key('template', ['templates.source', 'templates.account', 'templates.id']) }} as template_id,
    case
        when templates.campaign_id is not null
            then {{ key('campaign', ['templates.source', 'templates.account', 'templates.campaign_id']) }}
    end as campaign_id,
    {{ client_key('campaigns.client') }} as client_id,
    templates.step_number,
    templates.variant,
    templates.subject,
    templates.body,
    {{ text_hash('templates.subject', 'templates.body') }} as text_hash,
    templates.first_loaded_at,
    greatest(templates.loaded_at, campaigns.loaded_at) as updated_at
from {{ ref('int_templates') }} as templates
left join {{ ref('int_campaigns') }} as campaigns
    on templates.source = campaigns.source and templates.account = campaigns.account
    and templates.campaign_id = campaigns.id
