-- Activities that are meetings: by their type, or because a video call was arranged for them. Pipedrive knows
-- whether one is done; that a guest declined says that it is cancelled, and nothing says that nobody came.
select
    'pipedrive' as source,
    activities.account,
    activities.id,
    {{ mapped_client() }} as client,
    coalesce(
        'pipedrive:' || activities.account || ':' || activities.person_id,
        'email:' || activities.guest_email_key
    ) as lead_key,
    activities.subject as title,
    case lower(activities.type)
        when 'meeting' then null when 'demo' then 'demo' else 'other'
    end as meeting_type,
    activities.created_at as booked_at,
    activities.starts_at as scheduled_at,
    case
        when activities.is_done then 'completed'
        when activities.has_declined then 'cancelled'
        else 'pending'
    end as outcome,
    activities.owner_id as owner,
    coalesce(activities.is_deleted, false)
    or coalesce(activities.is_gone, false)
    or gone.id is not null
    or told.id is not null as is_deleted,
    activities.attributes,
    activities.first_loaded_at,
    {{ later_load(
        'coalesce(gone.loaded_at, activities.loaded_at)', 'coalesce(gone._dlt_load_id, activities._dlt_load_id)', 'told'
    ) }}
from {{ records('raw_pipedrive', 'activities') }} as activities
{{ join_client_map('pipedrive', 'activities') }}
left join {{ source('raw_pipedrive', 'deletions') }} as gone
    on gone.item = 'activity'
    and gone.account = activities.account
    and gone.id = activities.id
    and gone.loaded_at >= activities.loaded_at
    and gone._dlt_valid_to is null
left join ({{ deleted_by_webhook('pipedrive', ['activity']) }}) as told
    on told.account = activities.account
    and told.id = activities.id
    and told.deleted_at >= activities.updated_at
where (lower(activities.type) in ('meeting', 'lunch', 'demo') or activities.conference_url is not null)
