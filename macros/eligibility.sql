-- The channels that a tier opens.
{% macro opens_channel(tier, channel) -%}
    case {{ tier }}
        when 'hot' then {{ channel }} in ('email', 'sms', 'linkedin', 'voice', 'mail')
        when 'warm' then {{ channel }} in ('email', 'linkedin', 'voice')
        when 'cool' then {{ channel }} in ('email', 'linkedin')
        when 'cold' then {{ channel }} = 'email'
        else {{ tier }} is null
    end
{%- endmacro %}


-- Why a lead may not be sent to: code, condition and, where the code ends by itself, when. They read the columns of
-- `targets` in send_eligibility; what stands on suppression lists has a table of its own.
{% macro failing_codes() %}
    {{ return([
        ("'bounced_globally'", "is_bounced", none),
        ("'unsubscribed_globally'", "is_unsubscribed", none),
        ("'pool_status_' || pool_status", "pool_status in ('bounced', 'unsubscribed', 'invalid')", none),
        (
            "'invalid_email'",
            "channel = 'email' and (email_key is null or email_status = 'invalid' or email_key not like '%_@_%._%')",
            none,
        ),
        ("'unverified_email'", "channel = 'email' and email_status = 'guessed' and verified_email_only", none),
        ("'not_assigned'", "assignment_status is null", none),
        ("'assignment_' || assignment_status", "assignment_status <> 'active'", none),
        ("'channel_closed_for_tier'", "not " ~ opens_channel('tier', 'channel'), none),
        (
            "'max_touches_reached'",
            "touch_count >= 10 or (step_count > 0 and campaign_touch_count >= step_count)",
            none,
        ),
        ("'replied_' || last_human_intent", "last_human_intent in " ~ refusals(), none),
        ("'already_replied'", "thread_rests_at > run_at", "thread_rests_at"),
        ("'out_of_office_until'", "back_at > run_at", "back_at"),
        ("'cooling_period'", "cools_until > run_at", "cools_until"),
        ("'too_recent'", plus_days('touched_at', 2) ~ " > run_at", plus_days('touched_at', 2)),
        ("'channel_cooling'", plus_days('channel_touched_at', 5) ~ " > run_at", plus_days('channel_touched_at', 5)),
        ("'rate_limit_' || channel", "is_cap_used_up", "resets_at"),
        ("'warmup_not_ready'", "is_warmup_used_up", "resets_at"),
        ("'no_physical_address'", "not has_postal_address", none),
    ]) }}
{% endmacro %}
