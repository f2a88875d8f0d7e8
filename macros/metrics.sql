-- The metrics, one macro each: what is counted over what, as aggregates of the rows of one mart. The dbt metrics in
-- models/marts/semantic_models.yml say the same, and a test holds the two equal. `of` stands before the columns: an alias
-- with its dot. A metric that is no rate has no denominator.

-- Over lead_funnel: people with a message, once, whatever number of campaigns wrote to them.
{% macro leads_contacted(of='') %}
    {{ return({
        'numerator': 'count(distinct case when ' ~ of ~ 'first_contacted_at is not null then ' ~ of ~ 'lead_id end)',
        'denominator': none,
    }) }}
{% endmacro %}


-- Over messages: delivered ones of those sent.
{% macro delivered_rate(of='') %}
    {{ return({
        'numerator': 'count(nullif(' ~ of ~ 'is_delivered, false))',
        'denominator': 'count(*)',
    }) }}
{% endmacro %}


-- Over messages: those opened by a person of those delivered; withheld where of one it cannot be known.
{% macro human_open_rate(of='') %}
    {{ return({
        'numerator': 'case when count(' ~ of ~ 'human_open_count) = count(*) then count(case when '
            ~ of ~ 'human_open_count > 0 then 1 end) end',
        'denominator': delivered_rate(of).numerator,
    }) }}
{% endmacro %}


-- Over lead_funnel: people who answered of those contacted.
{% macro human_reply_rate(of='') %}
    {{ return({
        'numerator': 'count(distinct case when ' ~ of ~ 'first_contacted_at is not null and '
            ~ of ~ 'first_replied_at is not null then ' ~ of ~ 'lead_id end)',
        'denominator': leads_contacted(of).numerator,
    }) }}
{% endmacro %}


-- Over lead_funnel: people who answered positively of those contacted.
{% macro positive_rate(of='') %}
    {{ return({
        'numerator': 'count(distinct case when ' ~ of ~ 'first_contacted_at is not null and '
            ~ of ~ 'first_positive_at is not null then ' ~ of ~ 'lead_id end)',
        'denominator': leads_contacted(of).numerator,
    }) }}
{% endmacro %}


-- Over meetings: those booked, whatever became of them.
{% macro meetings_booked(of='') %}
    {{ return({
        'numerator': 'count(case when ' ~ of ~ 'deleted_at is null then 1 end)',
        'denominator': none,
    }) }}
{% endmacro %}


-- Over deals: won ones of those won or lost.
{% macro win_rate(of='') %}
    {{ return({
        'numerator': 'count(case when ' ~ of ~ "deleted_at is null and " ~ of ~ "stage = 'closed_won' then 1 end)",
        'denominator': 'count(case when ' ~ of ~ "deleted_at is null and "
            ~ of ~ "stage in ('closed_won', 'closed_lost') then 1 end)",
    }) }}
{% endmacro %}


-- Over deals: the value of those won, in the reporting currency.
{% macro revenue(of='') %}
    {{ return({
        'numerator': 'sum(case when ' ~ of ~ "deleted_at is null and " ~ of ~ "stage = 'closed_won' then "
            ~ of ~ 'reporting_value end)',
        'denominator': none,
    }) }}
{% endmacro %}


-- Over client_costs and meetings: what was paid, in the reporting currency, a meeting booked.
{% macro cost_per_meeting(cost_of='', meeting_of='') %}
    {{ return({
        'numerator': 'sum(' ~ cost_of ~ 'reporting_amount)',
        'denominator': meetings_booked(meeting_of).numerator,
    }) }}
{% endmacro %}


-- `from` of a count a client and month: the months, as `months`, and what happened in each by the time of the run.
-- relation: of what happened, with client_id. alias: its name in the query. moment: when it happened.
{% macro months_with(relation, alias, moment) -%}
    from {{ ref('client_months') }} as months
    inner join {{ relation }} as {{ alias }}
        on months.client_id = {{ alias }}.client_id
        and {{ local_month(moment, 'months.time_zone') }} = months.month_starts_on
        and {{ moment }} <= months.run_at
    group by months.client_id, months.month_starts_on
{%- endmacro %}
