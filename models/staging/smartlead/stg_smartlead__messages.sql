-- One statistics row a message; a row without a sending time is a message that has not been sent. Only a thread
-- says from which mailbox it went out, often some nights later: the row is as new as the newer of the two.
with senders as (

    select
        account,
        stats_id,
        max({{ mailbox_address('from_email') }}) as mailbox,
        max(loaded_at) as loaded_at,
        max(_dlt_load_id) as load_id
    from {{ source('raw_smartlead', 'message_history') }}
    where _dlt_valid_to is null and type = 'sent'
    group by account, stats_id

)

select
    'smartlead' as source,
    statistics.account,
    statistics.id,
    statistics.campaign_id,
    {{ mapped_client(campaign=true, provider_client=true) }} as client,
    statistics.lead_key,
    'email' as channel,
    cast(null as text) as provider_thread_id,
    statistics.step_number,
    coalesce(statistics.variant_id, statistics.sequence_id) as template_id,
    statistics.variant,
    senders.mailbox,
    statistics.subject,
    statistics.body,
    statistics.sent_time as sent_at,
    cast(null as text) as ai_model,
    cast(null as text) as prompt_version,
    cast(null as boolean) as is_deleted,
    statistics.attributes,
    statistics.first_loaded_at,
    greatest(statistics.loaded_at, senders.loaded_at) as loaded_at,
    greatest(statistics._dlt_load_id, senders.load_id) as load_id
from {{ records('raw_smartlead', 'statistics', 'sent_time is not null') }} as statistics
left join senders
    on statistics.account = senders.account and statistics.id = senders.stats_id
{{ join_client_map(
    'smartlead', 'statistics', 'statistics.campaign_id', 'statistics.provider_client_id'
) }}
where statistics.sent_time is not null
