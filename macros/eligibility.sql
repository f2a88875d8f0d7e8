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


-- Why a lead may not be sent to: code, what it is about, condition and, where the code ends by itself, when. They read
-- the columns of `targets` in send_eligibility; what stands on suppression lists has a table of its own.
{% macro failing_codes() %}
    {{ return([
        ("'bounced_globally'", 'person', "is_bounced", none),
        ("'unsubscribed_globally'", 'person', "is_unsubscribed", none),
        ("'pool_status_' || pool_status", 'person', "pool_status in ('bounced', 'unsubscribed')", none),
        ("'pool_status_' || pool_status", 'address', "pool_status = 'invalid'", none),
        (
            "'invalid_email'",
            'address',
            "channel = 'email' and (email_key is null or email_status = 'invalid' or email_key not like '%_@_%._%')",
            none,
        ),
        (
            "'unverified_email'",
            'address',
            "channel = 'email' and email_status = 'guessed' and verified_email_only",
            none,
        ),
        ("'not_assigned'", 'assignment', "assignment_status is null", none),
        ("'assignment_' || assignment_status", 'assignment', "assignment_status <> 'active'", none),
        ("'channel_closed_for_tier'", 'tier', "not " ~ opens_channel('tier', 'channel'), none),
        (
            "'max_touches_reached'",
            'touches',
            "touch_count >= 10 or (step_count > 0 and campaign_touch_count >= step_count)",
            none,
        ),
        ("'replied_' || last_human_intent", 'person', "last_human_intent in " ~ refusals(), none),
        ("'already_replied'", 'touches', "thread_rests_at > run_at", "thread_rests_at"),
        ("'out_of_office_until'", 'person', "back_at > run_at", "back_at"),
        ("'cooling_period'", 'person', "cools_until > run_at", "cools_until"),
        ("'too_recent'", 'touches', plus_days('touched_at', 2) ~ " > run_at", plus_days('touched_at', 2)),
        (
            "'channel_cooling'",
            'touches',
            plus_days('channel_touched_at', 5) ~ " > run_at",
            plus_days('channel_touched_at', 5),
        ),
        ("'rate_limit_' || channel", 'sender', "is_cap_used_up", "resets_at"),
        ("'warmup_not_ready'", 'sender', "is_warmup_used_up", "resets_at"),
        ("'no_physical_address'", 'sender', "not has_postal_address", none),
    ]) }}
{% endmacro %}
