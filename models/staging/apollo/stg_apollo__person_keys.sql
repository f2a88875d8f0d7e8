-- Every key, old and new, that leads to a person of Apollo's; its ids are the same in all accounts.
with versions as (

    select
        account,
        id,
        asked_id,
        email_key,
        personal_email_key,
        linkedin_url_key,
        loaded_at,
        _dlt_valid_from,
        _dlt_load_id
    from {{ source('raw_apollo', 'people') }}
    union all
    select
        account,
        id,
        cast(null as text) as asked_id,
        email_key,
        cast(null as text) as personal_email_key,
        linkedin_url_key,
        loaded_at,
        _dlt_valid_from,
        _dlt_load_id
    from {{ source('raw_apollo', 'people_search') }}
    union all
    select
        account,
        person_id as id,
        cast(null as text) as asked_id,
        email_key,
        cast(null as text) as personal_email_key,
        cast(null as text) as linkedin_url_key,
        loaded_at,
        _dlt_valid_from,
        _dlt_load_id
    from {{ source('raw_apollo', 'emails') }}

),

keys as (

    {{ person_keys('apollo', 'versions', [
        ('record', "'apollo:' || account || ':' || id", 'id'),
        ('apollo', "'apollo:' || id", 'id'),
        ('apollo', "'apollo:' || asked_id", 'asked_id'),
        ('email', "'email:' || email_key", 'email_key'),
        ('email', "'email:' || personal_email_key", 'personal_email_key'),
        ('linkedin', "'linkedin:' || linkedin_url_key", 'linkedin_url_key'),
    ]) | indent(4) }}

)

select * from keys
