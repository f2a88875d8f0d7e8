-- Which company each company record is: the one at its domain, else itself.
select
    source,
    account,
    id,
    domain_key,
    case
        when domain_key is not null then {{ key('company', ["'domain'", 'domain_key']) }}
        else {{ key('company', ['source', 'account', 'id']) }}
    end as company_id
from {{ ref('int_companies') }}
