-- The messages that count: those that were not deleted in their source.
select * from {{ ref('messages') }}
where deleted_at is null
