-- A stage says whether it closes; an open deal's close date is a forecast. The person is the opportunity's own
-- contact, else its primary contact role, else its oldest.
with roles as (

    select
        account,
        opportunity_id,
        case when not coalesce(is_deleted, false) and not coalesce(is_gone, false) then contact_id end
            as contact_id,
        first_value(loaded_at) over newest as changed_at,
        first_value(_dlt_load_id) over newest as changed_by,
        row_number() over (
            partition by account, opportunity_id
            order by
                case when is_deleted or is_gone then 2 when is_primary then 0 else 1 end,
                created_at,
                {{ bytewise('id') }}
        ) as choice
    from {{ source('raw_salesforce', 'opportunity_contact_roles') }}
    where _dlt_valid_to is null
    window newest as (partition by account, opportunity_id order by loaded_at desc, _dlt_load_id desc)

),

deals as (

    select
        opportunities.*,
        'default' as pipeline,
        coalesce(opportunities.contact_id, roles.contact_id) as with_contact,
        case
            when roles.changed_at > opportunities.loaded_at then roles.changed_at
            else opportunities.loaded_at
        end as seen_at,
        case
            when roles.changed_at > opportunities.loaded_at then roles.changed_by
            else opportunities._dlt_load_id
        end as load_id
    from {{ records('raw_salesforce', 'opportunities') }} as opportunities
    left join roles
        on opportunities.account = roles.account
        and opportunities.id = roles.opportunity_id
        and roles.choice = 1

)

select
    'salesforce' as source,
    deals.account,
    deals.id,
    {{ mapped_client() }} as client,
    'salesforce:' || deals.account || ':' || deals.with_contact as lead_key,
    deals.account_id as company_id,
    deals.name,
    deals.pipeline,
    deals.stage as provider_stage,
    case
        when deals.is_won then 'closed_won' when deals.is_closed then 'closed_lost' else stages.stage
    end as stage,
    deals.amount as value,
    deals.currency,
    deals.lost_reason,
    deals.owner_id as owner,
    deals.created_at,
    case when deals.is_closed then coalesce(deals.stage_changed_at, cast(deals.close_on as timestamptz)) end
        as closed_at,
    coalesce(deals.is_deleted, false) or coalesce(deals.is_gone, false) as is_deleted,
    deals.attributes,
    deals.first_loaded_at,
    deals.seen_at as loaded_at,
    deals.load_id
from deals
{{ join_client_map('salesforce', 'deals') }}
left join {{ source('ops', 'stage_map') }} as stages
    on stages.source = 'salesforce'
    and stages.account = deals.account
    and stages.pipeline = deals.pipeline
    and stages.provider_stage = deals.stage
