-- Grain: one row a client and currency of its deals. Amounts of different currencies are never added up; deals
-- without a currency stand in a row of their own, deals without an amount are only counted.
{% set amounts = {
    'open_value': 'case when deals.is_open then coalesce(deals.value, 0) else 0 end',
    'weighted_value': 'case when deals.is_open then coalesce(deals.value * deals.weight, 0) else 0 end / 100',
    'won_value': "case when deals.stage = 'closed_won' then coalesce(deals.value, 0) else 0 end",
    'lost_value': "case when deals.stage = 'closed_lost' then coalesce(deals.value, 0) else 0 end",
} %}

with weights as (

    {% for stage, weight in stage_weights().items() -%}
    select
        '{{ stage }}' as stage,
        {{ weight }} as weight
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

deals as (

    select
        deals.client_id,
        coalesce(upper(nullif(trim(deals.currency), '')), 'unknown') as currency,
        deals.stage,
        deals.value,
        weights.weight,
        coalesce(deals.stage not in ('closed_won', 'closed_lost'), true) as is_open
    from {{ ref('deals') }} as deals
    left join weights on deals.stage = weights.stage
    where deals.deleted_at is null

)

select
    {{ key('pipeline_value', ['clients.client_id', 'deals.currency']) }} as pipeline_value_id,
    clients.client_id,
    clients.client,
    deals.currency,
    count(*) as deal_count,
    count(case when deals.is_open then 1 end) as open_deal_count,
    count(case when deals.stage = 'closed_won' then 1 end) as won_deal_count,
    count(case when deals.stage = 'closed_lost' then 1 end) as lost_deal_count,
    count(case when deals.value is null then 1 end) as unvalued_deal_count,
    count(case when deals.is_open and deals.stage is null then 1 end) as unmapped_deal_count,
    count(case when deals.stage = 'closed_won' then deals.value end) as valued_won_deal_count,
{% for name, amount in amounts.items() %}
cast(sum({{ amount }}) as decimal(24, 4)) as {{ name }}{{ ',' if not loop.last }}
{% endfor %}
from deals
inner join {{ ref('clients') }} as clients on deals.client_id = clients.client_id
group by clients.client_id, clients.client, deals.currency
