-- Grain: one row a reply that names somebody else to talk to, and whether that person was written to since. Who
-- is named is looked up by address, and only among the same client's leads.
with named as (

    select
        replies.*,
        lower(trim(case
            when replies.referred_contact like '%<%>%'
                then split_part(split_part(replies.referred_contact, '<', 2), '>', 1)
            when replies.referred_contact like '%@%' then replies.referred_contact
        end)) as referred_email
    from {{ ref('replies') }} as replies
    where replies.referred_contact is not null and replies.client_id is not null

)

select
    named.reply_id,
    named.client_id,
    named.lead_id,
    named.campaign_id,
    named.channel,
    named.received_at,
    named.intent,
    named.referred_contact,
    named.referred_email,
    pairs.lead_id as referred_lead_id,
    pairs.first_contacted_at as referred_first_contacted_at,
    coalesce(pairs.last_contacted_at > named.received_at, false) as is_followed_up
from named
left join {{ ref('lead_pool') }} as pool on named.referred_email = pool.email_key
left join {{ ref('lead_clients') }} as pairs
    on pool.lead_id = pairs.lead_id and named.client_id = pairs.client_id
