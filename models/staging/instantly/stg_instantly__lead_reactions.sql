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
{% set lead_key = "coalesce('email:' || leads.email_key, 'instantly:' || leads.account || ':' || leads.id)" %}

{% for event_type, names, moment, condition, event_count in kinds -%}
select
    leads.account,
    'lead:' || leads.id || ':{{ event_type }}' as id,
    leads.campaign_id,
    {{ lead_key }} as lead_key,
    cast(null as bigint) as step_number,
    '{{ event_type }}' as event_type,
    {{ moment }} as occurred_at,
    cast({{ event_count }} as bigint) as event_count,
    leads.first_loaded_at,
    leads.loaded_at,
    leads._dlt_load_id
from {{ records(
    'raw_instantly', 'leads', condition ~ ' and ' ~ moment ~ ' is not null', also=['campaign_id']
) }} as leads
where leads.campaign_id is not null
    and {{ condition }}
    and {{ moment }} is not null
    and not exists (
        select 1
        from {{ ref('stg_instantly__told_events') }} as told
        where told.event_type in ({{ names }})
            and told.account = leads.account
            and told.campaign_id = leads.campaign_id
            and told.lead_key = {{ lead_key }}
    )
{% if not loop.last %}union all
{% endif -%}
{% endfor %}
