-- Grain: one row a lead enrolled in a campaign, once, whatever number of its records were enrolled.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}

{% set first = 'campaign_leads.added_at nulls last, campaign_leads.loaded_at, '
    ~ bytewise('campaign_leads.lead_key') %}

with enrolled as (

    select
        lead_keys.lead_id,
        {{ key('campaign', [
            'campaign_leads.source', 'campaign_leads.account', 'campaign_leads.campaign_id',
        ]) }} as campaign_id,
        {{ client_key('campaigns.client') }} as client_id,
        {{ best('campaign_leads.variant', first) }} as variant,
        bool_or(coalesce(campaign_leads.is_holdout, false)) as is_holdout,
        min(campaign_leads.added_at) as added_at,
        {{ best('campaign_leads.status', first) }} as status,
        {{ best('campaign_leads.attributes', first) }} as attributes,
        min(campaign_leads.first_loaded_at) as first_loaded_at,
        max(campaign_leads.loaded_at) as updated_at
    from {{ ref('int_campaign_leads') }} as campaign_leads
    inner join {{ ref('lead_keys') }} as lead_keys on campaign_leads.lead_key = lead_keys.person_key
    inner join {{ ref('touched_leads') }} as touched on lead_keys.lead_id = touched.lead_id
    left join {{ ref('int_campaigns') }} as campaigns
        on campaign_leads.source = campaigns.source and campaign_leads.account = campaigns.account
        and campaign_leads.campaign_id = campaigns.id
    group by
        lead_keys.lead_id,
        campaign_leads.source,
        campaign_leads.account,
        campaign_leads.campaign_id,
        campaigns.client

)

select
    {{ key('campaign_lead', ['campaign_id', 'lead_id']) }} as campaign_lead_id,
    enrolled.*
from enrolled
