-- Touches that are logged in the CRM: calls that were made, and messages of other channels. One that came from the
-- other side, never took place, or is of no channel that is known, is with nobody, so that nothing counts it.
with touches as (

    select
        account,
        'call:' || id as id,
        case
            when upper(direction) = 'INBOUND' then null
            when upper(status) in ('QUEUED', 'CANCELED', 'FAILED', 'CONNECTING', 'CALLING_CRM_USER') then null
            else contact_id
        end as contact_id,
        'voice' as channel,
        title as subject,
        cast(null as text) as body,
        coalesce(called_at, created_at) as sent_at,
        coalesce(is_archived, false) or coalesce(is_gone, false) as is_deleted,
        attributes,
        first_loaded_at,
        loaded_at,
        _dlt_load_id as load_id
    from {{ records('raw_hubspot', 'calls') }} as calls
    union all
    select
        account,
        'communication:' || id as id,
        case when upper(channel_type) in ('LINKEDIN_MESSAGE', 'SMS', 'WHATS_APP') then contact_id end
            as contact_id,
        case upper(channel_type)
            when 'LINKEDIN_MESSAGE' then 'linkedin' when 'SMS' then 'sms' when 'WHATS_APP' then 'whatsapp'
        end as channel,
        cast(null as text) as subject,
        body,
        coalesce(sent_at, created_at) as sent_at,
        coalesce(is_archived, false) or coalesce(is_gone, false) as is_deleted,
        attributes,
        first_loaded_at,
        loaded_at,
        _dlt_load_id as load_id
    from {{ records('raw_hubspot', 'communications') }} as communications

)

select
    'hubspot' as source,
    touches.account,
    touches.id,
    cast(null as text) as campaign_id,
    {{ mapped_client() }} as client,
    'hubspot:' || touches.account || ':' || touches.contact_id as lead_key,
    touches.channel,
    cast(null as text) as provider_thread_id,
    cast(null as bigint) as step_number,
    cast(null as text) as template_id,
    cast(null as text) as variant,
    cast(null as text) as mailbox,
    touches.subject,
    touches.body,
    touches.sent_at,
    cast(null as text) as ai_model,
    cast(null as text) as prompt_version,
    touches.is_deleted,
    touches.attributes,
    touches.first_loaded_at,
    touches.loaded_at,
    touches.load_id
from touches
{{ join_client_map('hubspot', 'touches') }}
