-- Grain: one row a deal, open or won, and a customer that was imported, by the domain of the company. A domain where
-- anybody has a mailbox is no company's.
with purchases as (

    select
        deals.client_id,
        companies.domain,
        'crm' as source,
        coalesce(deals.stage = 'closed_won', false) as is_won,
        case when deals.stage = 'closed_won' then deals.closed_at else deals.created_at end as since_at,
        case when deals.stage = 'closed_won' then {{ utc_day('deals.closed_at') }} end as bought_on
    from {{ ref('deals') }} as deals
    left join {{ ref('lead_pool') }} as pool on deals.lead_id = pool.lead_id
    inner join {{ ref('companies') }} as companies
        on coalesce(deals.company_id, pool.company_id) = companies.company_id
    where
        deals.deleted_at is null
        and deals.client_id is not null
        and coalesce(deals.stage, 'open') <> 'closed_lost'
    union all
    select
        client_id,
        domain_key as domain,
        'customers' as source,
        true as is_won,
        cast(null as timestamptz) as since_at,
        last_purchase_on as bought_on
    from {{ ref('customers') }}

)

select *
from purchases
where domain not in (select domain from {{ ref('free_mail_domains') }})
