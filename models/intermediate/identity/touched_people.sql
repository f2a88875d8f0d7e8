-- Person keys whose person this run looks at again: those in loads not yet built, those that last night held a
-- record which has since come in anew (it may be somebody else's by now), those whose company or campaign differs
-- from last night's, those asked for by name, and every key connected with them.
-- depends_on: {{ ref('companies') }}, {{ ref('int_companies_before') }}
{{ config(materialized='table') }}

{% set movable = {
    'messages': 'message', 'message_events': 'event', 'replies': 'reply', 'meetings': 'meeting', 'deals': 'deal',
} %}
{% set last_night = none if should_full_refresh() else last_built('intermediate', 'lead_keys') %}
{% set before = last_built('intermediate', 'lead_keys') %}
{% set by_hand = last_built('intermediate', 'touched_people') if var('run_by') != 'winnow' %}
{% set last_pool = last_built('facts', 'lead_pool') %}

with recursive direct as (

    select source || ':' || account || ':' || id as person_key
    from {{ ref('int_people') }}
    where {{ is_unbuilt() }}
    union
    select person_key
    from {{ source('ops', 'keys_to_touch') }}
    union
    select source || ':' || account || ':' || id
    from {{ ref('int_people_clients') }}
    where {{ is_unbuilt() }}
    {% for entity in ['campaign_leads', 'messages', 'replies', 'meetings', 'deals', 'outcomes'] %}
    union
    select lead_key
    from {{ ref('int_' ~ entity) }}
    where {{ is_unbuilt() }} and lead_key is not null
    {% endfor %}
    union
    select messages.lead_key
    from {{ ref('int_message_events') }} as events
    inner join {{ ref('int_messages') }} as messages
        on events.source = messages.source and events.account = messages.account
        and events.message_id = messages.id
    where {{ is_unbuilt('events.load_id') }}
    union
    select people.source || ':' || people.account || ':' || people.id
    from {{ ref('int_companies') }} as companies
    inner join {{ ref('int_people') }} as people
        on companies.source = people.source and companies.account = people.account
        and companies.id = people.company_id
    where {{ is_unbuilt('companies.load_id') }}
    {% for entity in ['campaign_leads', 'messages', 'replies'] %}
    union
    select records.lead_key
    from {{ ref('int_campaigns') }} as campaigns
    inner join {{ ref('int_' ~ entity) }} as records
        on campaigns.source = records.source and campaigns.account = records.account
        and campaigns.id = records.campaign_id
    where {{ is_unbuilt('campaigns.load_id') }}
    {% endfor %}
    {% if last_night and last_pool %}
    union
    select last_night.person_key
    from {{ ref('companies') }} as companies
    full outer join {{ ref('int_companies_before') }} as before on companies.company_id = before.company_id
    inner join {{ last_pool }} as pool
        on coalesce(companies.company_id, before.company_id) = pool.company_id
    inner join {{ last_night }} as last_night on pool.lead_id = last_night.lead_id
    where {{ company_traits('companies') }} is distinct from before.traits
    {% endif %}
    {% for entity, kind in movable.items() %}
    {% set fact = last_built('facts', entity) %}
    {% if last_night and fact %}
    union
    select last_night.person_key
    from {{ fact }} as fact
    inner join {{ ref('int_' ~ entity) }} as records
        on fact.{{ kind }}_id = {{ key(kind, ['records.source', 'records.account', 'records.id']) }}
    inner join {{ last_night }} as last_night on fact.lead_id = last_night.lead_id
    where {{ is_unbuilt('records.load_id') }}
    {% endif %}
    {% endfor %}

),

connected as (

    select person_key from direct
    union
    select theirs.person_key
    from connected
    inner join {{ ref('int_person_sightings') }} as mine on connected.person_key = mine.person_key
    inner join {{ ref('int_person_sightings') }} as theirs on mine.record_key = theirs.record_key

)

select
    connected.person_key,
{% if before %}
{{ 'coalesce(by_hand.old_lead_id, before.lead_id)' if by_hand else 'before.lead_id' }} as old_lead_id
from connected
left join {{ before }} as before on connected.person_key = before.person_key
{% if by_hand %}
left join {{ by_hand }} as by_hand on connected.person_key = by_hand.person_key
{% endif %}
{% else %}
cast(null as uuid) as old_lead_id
from connected
{% endif %}
