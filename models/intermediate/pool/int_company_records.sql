-- Every current company record, which company it is, and how much its source is trusted where two records are
-- equally new.
select
    companies.*,
    keys.company_id,
    case companies.source
        when 'apollo' then 1 when 'hubspot' then 2 when 'pipedrive' then 3 when 'salesforce' then 4 else 5
    end as source_rank
from {{ ref('int_companies') }} as companies
inner join {{ ref('int_company_keys') }} as keys
    on companies.source = keys.source and companies.account = keys.account and companies.id = keys.id
