-- The funnel's steps in order, each with the column of `lead_funnel` that says when a lead was seen at it.
{% macro funnel_steps() %}
    {{ return([
        ('leads', 'true'),
        ('contacted', 'first_contacted_at is not null'),
        ('delivered', 'first_delivered_at is not null'),
        ('replied', 'first_replied_at is not null'),
        ('positive', 'first_positive_at is not null'),
        ('meeting_booked', 'meeting_booked_at is not null'),
        ('showed', 'meeting_held_at is not null'),
        ('deal', 'deal_opened_at is not null'),
        ('won', 'deal_won_at is not null'),
    ]) }}
{% endmacro %}


-- Series beside the funnel: tracking may be off, so that they are no steps.
{% macro side_series() %}
    {{ return([
        ('opened', 'first_opened_at is not null'),
        ('human_opened', 'first_human_opened_at is not null'),
        ('clicked', 'first_clicked_at is not null'),
    ]) }}
{% endmacro %}
