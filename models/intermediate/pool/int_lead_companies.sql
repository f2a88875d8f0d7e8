-- Grain: one row a lead with a known company. The newest record decides; the company's own record beats a
-- domain that only the person's record names.
with candidates as (

    select
        records.lead_id,
        coalesce(
            by_id.company_id,
            case
                when records.company_domain_key is not null
                    then {{ key('company', ["'domain'", 'records.company_domain_key']) }}
            end
        ) as company_id,
        records.loaded_at,
        records.source_rank,
        records.record_key
    from {{ ref('int_lead_records') }} as records
    left join {{ ref('int_company_keys') }} as by_id
        on records.source = by_id.source and records.account = by_id.account
        and records.company_id = by_id.id

)

select
    lead_id,
    {{ best('company_id', 'loaded_at desc, source_rank, ' ~ bytewise('record_key')) }} as company_id
from candidates
where company_id is not null
group by lead_id
