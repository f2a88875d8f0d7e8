-- People who were bought, and those whom a search found but nobody bought yet (no address, no
-- family name). A person found for several clients carries the first of them; all of them stand in
-- stg_apollo__people_clients.
with found as (

    select
        *,
        row_number() over (
            partition by account, id
            order by loaded_at, client collate "C"
        ) as turn
    from {{ source('raw_apollo', 'people_search') }}
    where _dlt_valid_to is null

),

bought as (

    select *
    from {{ source('raw_apollo', 'people') }}
    where _dlt_valid_to is null

),

enriched as (

    select
        'apollo' as source,
        bought.account,
        bought.id,
        bought.id as apollo_id,
        bought.email,
        bought.email_key,
        case
            when bought.email is null then null
            when bought.email_status = 'verified' then 'verified'
            when bought.email_status in ('guessed', 'extrapolated', 'likely to engage') then 'guessed'
            when bought.email_status in ('catch_all', 'accept_all') then 'catch_all'
            when bought.email_status in ('invalid', 'unavailable', 'bounced') then 'invalid'
            else 'unknown'
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
        bought.phone,
        bought.phone_type,
        bought.phone_status,
        bought.dnc_status,
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
        bought.loaded_at,
        bought._dlt_load_id as load_id
    from bought
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
        cast(null as text) as email,
        cast(null as text) as email_key,
        cast(null as text) as email_status,
        cast(null as text) as personal_email,
        cast(null as text) as personal_email_key,
        cast(null as text) as linkedin_url,
        cast(null as text) as linkedin_url_key,
        found.first_name,
        cast(null as text) as last_name,
        found.title,
        cast(null as text) as seniority,
        cast(null as text) as departments,
        cast(null as text) as headline,
        cast(null as text) as photo_url,
        cast(null as text) as twitter_url,
        cast(null as text) as phone,
        cast(null as text) as phone_type,
        cast(null as text) as phone_status,
        cast(null as text) as dnc_status,
        cast(null as text) as city,
        cast(null as text) as state,
        cast(null as text) as country,
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
