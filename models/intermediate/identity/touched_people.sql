-- Person keys whose person this run looks at again: those in loads not yet built, those that last night held a
-- record which has since come in anew (it may be somebody else's by now), and every key connected with them.
{{ config(materialized='table') }}

{% set movable = {'messages': 'message', 'replies': 'reply', 'meetings': 'meeting', 'deals': 'deal'} %}
{% set last_night = none if flags.FULL_REFRESH else last_built('intermediate', 'lead_keys') %}

with recursive direct as (

    select source || ':' || account || ':' || id as person_key
    from {{ ref('int_people') }}
    where {{ is_unbuilt() }}
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
        on companies.domain_key = people.company_domain_key
        or (
            companies.source = people.source and companies.account = people.account
            and companies.id = people.company_id
        )
    where {{ is_unbuilt('companies.load_id') }}
    union
    select messages.lead_key
    from {{ ref('int_campaigns') }} as campaigns
    inner join {{ ref('int_messages') }} as messages
        on campaigns.source = messages.source and campaigns.account = messages.account
        and campaigns.id = messages.campaign_id
    where {{ is_unbuilt('campaigns.load_id') }}
    union
    select campaign_leads.lead_key
    from {{ ref('int_campaigns') }} as campaigns
    inner join {{ ref('int_campaign_leads') }} as campaign_leads
        on campaigns.source = campaign_leads.source and campaigns.account = campaign_leads.account
        and campaigns.id = campaign_leads.campaign_id
    where {{ is_unbuilt('campaigns.load_id') }}
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
{% if last_night %}
last_night.lead_id as old_lead_id
from connected
left join {{ last_night }} as last_night on connected.person_key = last_night.person_key
{% else %}
cast(null as uuid) as old_lead_id
from connected
{% endif %}
