-- Grain: one row an e-mail that a sequence sent, with its place among those to the same contact: the sending
-- data name no step.
select
    account,
    id,
    workspace_id,
    sequence_id,
    lead_key,
    row_number() over (
        partition by account, sequence_id, contact_id
        order by sent_at, id
    ) as step_number,
    row_number() over (
        partition by account, sequence_id, contact_id
        order by sent_at desc, id desc
    ) as nth_last,
    sent_at,
    opened_at,
    clicked_at,
    contact_id,
    attributes,
    first_loaded_at,
    first_opened_loaded_at,
    first_clicked_loaded_at,
    loaded_at,
    _dlt_load_id
from {{ records('raw_salesforge', 'sending_data', 'sent_at is not null', marks={
    'first_opened_loaded_at': 'opened_at is not null',
    'first_clicked_loaded_at': 'clicked_at is not null',
}) }} as sending_data
where sent_at is not null
