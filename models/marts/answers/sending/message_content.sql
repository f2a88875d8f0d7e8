-- Grain: one row an outbound message, with what its text is like. What a message was personalised by is known from
-- its template: as sent, placeholders are filled in.
select
    messages.message_id,
    messages.lead_id,
    messages.client_id,
    messages.campaign_id,
    messages.template_id,
    messages.channel,
    messages.step_number,
    messages.touch_number,
    messages.variant,
    messages.ai_model,
    messages.prompt_version,
    messages.sent_at,
    messages.text_hash,
    texts.subject_length,
    texts.word_count,
    texts.sentence_count,
    texts.question_count,
    texts.number_count,
    texts.link_count,
    texts.call_to_action,
    texts.angle,
    texts.pain_points,
    texts.has_unsubscribe,
    texts.is_english,
    drafts.placeholders as personalization_fields,
    drafts.placeholder_count as personalization_count,
    texts.placeholder_count as unfilled_count
from {{ ref('int_sent_messages') }} as messages
left join {{ source('scoring', 'text_features') }} as texts on messages.text_hash = texts.text_hash
left join {{ ref('templates') }} as templates on messages.template_id = templates.template_id
left join {{ source('scoring', 'text_features') }} as drafts on templates.text_hash = drafts.text_hash
