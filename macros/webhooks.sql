-- Landed webhooks: one row an event, as it was first received. A copy, or one that comes later, changes nothing.
{% macro first_receipts(source_name) -%}
select *
from (
    select
        *,
        min(loaded_at) over (partition by account, id) as first_loaded_at,
        row_number() over (partition by account, id order by received_at nulls last, row_key) as receipt
    from {{ source('raw_' ~ source_name, 'webhooks') }}
    where _dlt_valid_to is null
) as receipts
where receipt = 1
{%- endmacro %}


-- Replies that a webhook told of, under the id that the API has for them, or one made of the webhook's; the first that
-- told of one has nth 1. told: a relation of webhooks. condition: which of them are replies.
{% macro told_replies(told, condition) -%}
    select
        *,
        coalesce(reply_id, 'webhook:' || id) as reply_key,
        min(first_loaded_at) over (partition by account, coalesce(reply_id, 'webhook:' || id))
            as first_told_at,
        row_number() over (
            partition by account, coalesce(reply_id, 'webhook:' || id) order by occurred_at, id
        ) as nth
    from {{ told }}
    where {{ condition }} and body is not null and lead_key is not null
{%- endmacro %}


-- That a webhook's reply (CTE told) is none that the API shows (CTE api): neither by its id, nor within a minute of
-- one from the same lead in the same campaign. api_id, told_id: columns with the id of the reply itself.
{% macro is_not_shown(api, api_id, told_id, campaign, occurred_at) -%}
    not exists (
        select 1 from {{ api }}
        where {{ api }}.account = told.account and {{ api }}.{{ api_id }} = told.{{ told_id }}
    )
    and not exists (
        select 1 from {{ api }}
        where {{ api }}.account = told.account
            and {{ api }}.lead_key = told.lead_key
            and {{ api }}.{{ campaign }} = told.{{ campaign }}
            and abs(extract(epoch from ({{ api }}.{{ occurred_at }} - told.occurred_at))) < 60
    )
{%- endmacro %}


-- What the API says happened to messages, and what webhooks told of, each event once. The API dates one event of
-- a kind and counts them: a webhook within a minute of it, at the same message, is that one, and each further
-- webhook is one of those that it only counts. A bounce or an opt-out that a webhook dates needs no other.
-- api, told: CTEs with account, id, message_id, event_type, occurred_at, event_count, url, bounce_type, first_loaded_at,
-- loaded_at, _dlt_load_id.
{% macro told_once(api, told) -%}
    pairs as (

        select
            {{ api }}.account,
            {{ api }}.id,
            {{ api }}.event_type,
            count(*) as told_count,
            bool_or(
                {{ api }}.event_type in ('bounced', 'unsubscribed')
                or abs(extract(epoch from ({{ told }}.occurred_at - {{ api }}.occurred_at))) < 60
            ) as is_told
        from {{ api }}
        inner join {{ told }}
            on {{ api }}.account = {{ told }}.account
            and {{ api }}.message_id = {{ told }}.message_id
            and {{ api }}.event_type = {{ told }}.event_type
        group by {{ api }}.account, {{ api }}.id, {{ api }}.event_type

    ),

    counted as (

        select
            {{ api }}.account,
            {{ api }}.id,
            {{ api }}.message_id,
            {{ api }}.event_type,
            {{ api }}.event_type as provider_event,
            {{ api }}.occurred_at,
            case
                when pairs.id is null then {{ api }}.event_count
                else greatest(
                    coalesce({{ api }}.event_count, 1) - pairs.told_count,
                    case when pairs.is_told then 0 else 1 end
                )
            end as event_count,
            pairs.id is not null as is_in_part,
            {{ api }}.url,
            {{ api }}.bounce_type,
            {{ api }}.first_loaded_at,
            {{ api }}.loaded_at,
            {{ api }}._dlt_load_id
        from {{ api }}
        left join pairs
            on {{ api }}.account = pairs.account
            and {{ api }}.id = pairs.id
            and {{ api }}.event_type = pairs.event_type

    ),

    once as (

        select
            account,
            id,
            message_id,
            event_type,
            provider_event,
            occurred_at,
            event_count,
            url,
            bounce_type,
            first_loaded_at,
            loaded_at,
            _dlt_load_id
        from counted
        where not is_in_part or event_count > 0
        union all
        select
            {{ told }}.account,
            'webhook:' || {{ told }}.id as id,
            {{ told }}.message_id,
            {{ told }}.event_type,
            {{ told }}.provider_event,
            {{ told }}.occurred_at,
            cast(1 as bigint) as event_count,
            {{ told }}.url,
            coalesce({{ told }}.bounce_type, bounces.bounce_type) as bounce_type,
            {{ told }}.first_loaded_at,
            {{ told }}.loaded_at,
            {{ told }}._dlt_load_id
        from {{ told }}
        left join {{ api }} as bounces
            on {{ told }}.event_type = 'bounced'
            and bounces.event_type = 'bounced'
            and {{ told }}.account = bounces.account
            and {{ told }}.message_id = bounces.message_id

    )
{%- endmacro %}


-- Records of a CRM that a webhook says were deleted, as of the last it says of them.
-- kinds: how the provider names the objects.
{% macro deleted_by_webhook(source_name, kinds) -%}
select
    account,
    object_id as id,
    occurred_at as deleted_at,
    loaded_at,
    _dlt_load_id
from (
    select
        *,
        row_number() over (
            partition by account, object_id
            order by occurred_at desc nulls last, received_at nulls last, row_key
        ) as recency
    from {{ source('raw_' ~ source_name, 'webhooks') }}
    where _dlt_valid_to is null
        and object_type in ('{{ kinds | join("', '") }}')
        and change in ('created', 'deleted', 'restored')
) as said
where recency = 1 and change = 'deleted'
{%- endmacro %}


-- When a row came and with which load; a later webhook that marks it as deleted counts.
-- loaded_at, load_id: of the row. told: the relation of the webhook, which may be missing.
{% macro later_load(loaded_at, load_id, told) -%}
case when {{ told }}.loaded_at >= {{ loaded_at }} then {{ told }}.loaded_at else {{ loaded_at }} end as loaded_at,
    case when {{ told }}.loaded_at >= {{ loaded_at }} then {{ told }}._dlt_load_id else {{ load_id }} end as load_id
{%- endmacro %}
