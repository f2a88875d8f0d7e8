-- People who were bought, and those whom a search found but nobody bought yet (no address, no
-- family name, but what the legacy search shows of them). Phones and addresses that came later fill in what a
-- bought person lacks. A person found for several clients carries the first of them; all of them stand in
-- stg_apollo__people_clients.
with found as (

    select
        *,
        min(first_loaded_at) over (partition by account, id) as first_found_at,
        row_number() over (
            partition by account, id
            order by loaded_at, client collate "C"
        ) as turn
    from {{ records('raw_apollo', 'people_search') }} as people_search

),

bought as (

    select *
    from {{ records('raw_apollo', 'people') }} as people

),

enriched as (

    select
        'apollo' as source,
        bought.account,
        bought.id,
        bought.id as apollo_id,
        coalesce(bought.email, emails.email) as email,
        coalesce(bought.email_key, emails.email_key) as email_key,
        case
            when bought.email is not null then {{ apollo_email_status('bought.email_status') }}
            else emails.email_status
        end as email_status,
        bought.personal_email,
        bought.personal_email_key,
        bought.linkedin_url,
        bought.linkedin_url_key,
        bought.first_name,
        bought.last_name,
        bought.title,
        bought.seniority,
        bought.departments,
        bought.headline,
        bought.photo_url,
        bought.twitter_url,
        coalesce(bought.phone, phones.phone) as phone,
        case when bought.phone is null then phones.phone_type else bought.phone_type end as phone_type,
        case
            when bought.phone is null then phones.phone_status
            else {{ apollo_phone_status('bought.phone_status') }}
        end as phone_status,
        case when bought.phone is null then phones.phone_source end as phone_source,
        case when bought.phone is null then phones.dnc_status else bought.dnc_status end as dnc_status,
        bought.city,
        bought.state,
        bought.country,
        bought.time_zone,
        bought.organization_id as company_id,
        bought.organization_name as company_name,
        bought.organization_domain as company_domain,
        bought.organization_domain_key as company_domain_key,
        bought.employment_history,
        bought.current_role_started_on,
        cast(null as boolean) as is_unsubscribed,
        found.client,
        bought.attributes,
        least(bought.first_loaded_at, found.first_found_at) as first_loaded_at,
        greatest(bought.loaded_at, phones.loaded_at, emails.loaded_at) as loaded_at,
        case
            when emails.loaded_at > greatest(bought.loaded_at, phones.loaded_at) then emails.load_id
            when phones.loaded_at > bought.loaded_at then phones.load_id
            else bought._dlt_load_id
        end as load_id
    from bought
    left join {{ ref('stg_apollo__phones') }} as phones
        on bought.account = phones.account and bought.id = phones.person_id and phones.turn = 1
    left join {{ ref('stg_apollo__emails') }} as emails
        on bought.account = emails.account and bought.id = emails.person_id and emails.turn = 1
    left join found
        on bought.account = found.account
        and coalesce(bought.asked_id, bought.id) = found.id
        and found.turn = 1

),

found_only as (

    select
        'apollo' as source,
        found.account,
        found.id,
        found.id as apollo_id,
        found.email,
        found.email_key,
        case
            when found.email is not null then {{ apollo_email_status('found.email_status') }}
        end as email_status,
        cast(null as text) as personal_email,
        cast(null as text) as personal_email_key,
        found.linkedin_url,
        found.linkedin_url_key,
        found.first_name,
        found.last_name,
        found.title,
        found.seniority,
        cast(null as text) as departments,
        cast(null as text) as headline,
        cast(null as text) as photo_url,
        cast(null as text) as twitter_url,
        cast(null as text) as phone,
        cast(null as text) as phone_type,
        cast(null as text) as phone_status,
        cast(null as text) as phone_source,
        cast(null as text) as dnc_status,
        found.city,
        found.state,
        found.country,
        cast(null as text) as time_zone,
        cast(null as text) as company_id,
        found.organization_name as company_name,
        cast(null as text) as company_domain,
        cast(null as text) as company_domain_key,
        cast(null as text) as employment_history,
        cast(null as date) as current_role_started_on,
        cast(null as boolean) as is_unsubscribed,
        found.client,
        found.attributes,
        found.first_found_at as first_loaded_at,
        found.loaded_at,
        found._dlt_load_id as load_id
    from found
    where
        found.turn = 1
        and not exists (
            select 1
            from bought
            where
                bought.account = found.account
                and found.id in (bought.id, bought.asked_id)
        )

)

select * from enriched
union all
select * from found_only
