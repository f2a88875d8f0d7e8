-- Grain: one row a lead. The best value of every field, nothing empty before something full, and <field>_turn: the
-- turn of the record that it was taken from. Ordered aggregates would sort the records once a field.
{% set fields = lead_record_fields() %}
with records as (

    select * from {{ ref('int_lead_candidates') }}

),

winners as (

    select
        lead_id,
        min(case when own_email is not null then email_turn end) as email_turn,
        {% for field, column in fields.items() %}
        min(case when {{ column }} is not null then turn end) as {{ field }}_turn,
        {% endfor %}
        bool_or(is_unsubscribed) as is_unsubscribed,
        count(*) as record_count,
        string_agg(distinct {{ bytewise('source') }}, ', ' order by {{ bytewise('source') }}) as sources,
        max(case when source = 'apollo' and email_key is not null then loaded_at end) as last_enriched_at,
        max(loaded_at) as updated_at
    from records
    group by lead_id

),

picked as (

    select
        winners.lead_id,
        {% for field, column in fields.items() %}
        max(case when records.turn = winners.{{ field }}_turn then records.{{ column }} end) as {{ field }},
        {% endfor %}
        max(case when records.turn = winners.phone_turn then records.phone_type end) as phone_type,
        max(case when records.turn = winners.phone_turn then records.phone_status end) as phone_status,
        max(
            case
                when records.turn = winners.phone_turn then coalesce(records.phone_source, records.source)
            end
        ) as phone_source,
        max(case when records.email_turn = winners.email_turn then records.own_email end) as email,
        max(case when records.email_turn = winners.email_turn then records.own_email_key end) as email_key,
        max(case when records.email_turn = winners.email_turn then records.email_status end) as email_status,
        max(case when records.email_turn = winners.email_turn then records.turn end) as email_turn
    from winners
    inner join records on winners.lead_id = records.lead_id
    group by winners.lead_id

)

select
    picked.*,
    {% for field in fields %}
    winners.{{ field }}_turn,
    {% endfor %}
    winners.is_unsubscribed,
    winners.record_count,
    winners.sources,
    winners.last_enriched_at,
    winners.updated_at
from picked
inner join winners on picked.lead_id = winners.lead_id
