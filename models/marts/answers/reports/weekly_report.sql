-- Grain: one row a client and ISO week (Monday to Sunday in its zone), from the first in which something happened
-- to the one under way; quiet weeks are rows of zeros. By the time of each event, not by cohort.
{% set events = [
    ('message', 'int_sent_messages', 'sent_at', 'true'),
    ('delivered_message', 'int_sent_messages', 'sent_at', 'is_delivered'),
    ('bounced_message', 'int_sent_messages', 'sent_at', 'is_bounced'),
    ('new_lead', 'int_sent_messages', 'sent_at', 'touch_number = 1'),
    ('human_reply', 'replies', 'received_at', 'is_human'),
    ('positive_reply', 'replies', 'received_at', 'is_positive'),
    ('opt_out', 'replies', 'received_at', 'is_opt_out'),
    ('meeting_booked', 'meetings', 'booked_at', 'deleted_at is null'),
    ('meeting_held', 'meetings', 'scheduled_at',
        "deleted_at is null and outcome in ('good', 'bad', 'completed')"),
    ('deal_opened', 'deals', 'created_at', 'deleted_at is null'),
    ('deal_won', 'deals', 'coalesce(closed_at, updated_at)', "deleted_at is null and stage = 'closed_won'"),
    ('deal_lost', 'deals', 'coalesce(closed_at, updated_at)', "deleted_at is null and stage = 'closed_lost'"),
] %}
{% set zone = "coalesce(clients.time_zone, 'UTC')" %}

with recursive happened as (

    {% for measure, relation, moment, condition in events -%}
    select
        client_id,
        '{{ measure }}' as measure,
        {{ moment }} as occurred_at
    from {{ ref(relation) }}
    where {{ condition }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

placed as (

    select
        clients.client_id,
        clients.client,
        happened.measure,
        {{ monday('happened.occurred_at', zone) }} as week_starts_on,
        {{ monday('current_run.run_at', zone) }} as this_week
    from happened
    inner join {{ ref('clients') }} as clients on happened.client_id = clients.client_id
    cross join {{ source('ops', 'current_run') }} as current_run
    where happened.occurred_at <= current_run.run_at

),

weeks as (

    select
        client_id,
        client,
        min(week_starts_on) as week_starts_on,
        max(this_week) as this_week
    from placed
    group by client_id, client
    union all
    select
        client_id,
        client,
        week_starts_on + 7 as week_starts_on,
        this_week
    from weeks
    where week_starts_on < this_week

)

select
    {{ key('client_week', ['weeks.client_id', 'weeks.week_starts_on']) }} as client_week_id,
    weeks.client_id,
    weeks.client,
    weeks.week_starts_on,
    cast(extract(isoyear from weeks.week_starts_on) as integer) as iso_year,
    cast(extract(week from weeks.week_starts_on) as integer) as iso_week,
    weeks.week_starts_on < weeks.this_week as is_complete,
{% for measure, relation, moment, condition in events %}
count(nullif(placed.measure = '{{ measure }}', false)) as {{ measure }}_count{{ ',' if not loop.last }}
{% endfor %}
from weeks
left join placed on weeks.client_id = placed.client_id and weeks.week_starts_on = placed.week_starts_on
group by weeks.client_id, weeks.client, weeks.week_starts_on, weeks.this_week
