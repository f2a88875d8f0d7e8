-- What a lead's counters say of it, where no webhook tells of the same: the first of the two ways counts.
{% set kinds = [
    ('opened', "'email_opened'", 'last_open_at', 'open_count > 0', 'open_count'),
    ('clicked', "'link_clicked', 'email_link_clicked'", 'last_click_at', 'click_count > 0', 'click_count'),
    ('bounced', "'email_bounced'", 'last_contact_at', 'status = -1', '1'),
    (
        'unsubscribed',
        "'lead_unsubscribed'",
        'coalesce(last_reply_at, last_click_at, last_open_at, last_contact_at)',
        'status = -2',
        '1',
    ),
] %}

with leads as (

    select
        *,
        coalesce('email:' || email_key, 'instantly:' || account || ':' || id) as lead_key
    from {{ source('raw_instantly', 'leads') }}
    where _dlt_valid_to is null and campaign_id is not null

)

{% for event_type, names, moment, condition, event_count in kinds -%}
select
    leads.account,
    'lead:' || leads.id || ':{{ event_type }}' as id,
    leads.campaign_id,
    leads.lead_key,
    cast(null as bigint) as step_number,
    '{{ event_type }}' as event_type,
    {{ moment }} as occurred_at,
    cast({{ event_count }} as bigint) as event_count,
    leads.loaded_at,
    leads._dlt_load_id
from leads
where {{ condition }}
    and {{ moment }} is not null
    and not exists (
        select 1
        from {{ ref('stg_instantly__told_events') }} as told
        where told.event_type in ({{ names }})
            and told.account = leads.account
            and told.campaign_id = leads.campaign_id
            and told.lead_key = leads.lead_key
    )
{% if not loop.last %}union all
{% endif -%}
{% endfor %}
