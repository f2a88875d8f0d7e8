-- Grain: one row an inbound message, with what it says.
select
    replies.reply_id,
    replies.lead_id,
    replies.client_id,
    replies.campaign_id,
    replies.message_id,
    replies.channel,
    replies.received_at,
    replies.from_email,
    replies.subject,
    replies.body,
    replies.provider_label,
    labels.intent,
    labels.is_human,
    labels.is_positive,
    labels.is_opt_out,
    labels.sentiment,
    labels.sentiment_score,
    labels.objection_type,
    labels.rejection_reason,
    labels.question,
    labels.topics,
    labels.return_on,
    labels.referred_contact,
    labels.requires_response,
    labels.confidence,
    labels.method,
    replies.updated_at
from {{ ref('replies') }} as replies
left join {{ source('scoring', 'reply_labels') }} as labels
    on replies.text_hash = labels.text_hash and replies.received_on = labels.received_on
