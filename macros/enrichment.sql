-- How complete a person's record is, of 100: e-mail verified 30, guessed 15, other 20; both names 20, one 10;
-- title 15; company 15; LinkedIn 10; phone 10.
{% macro enrichment_confidence(fields, email) -%}
    case
        when {{ email }} is null then 0
        when {{ fields }}.email_status = 'verified' then 30
        when {{ fields }}.email_status = 'guessed' then 15
        else 20
    end
    + case
        when {{ fields }}.first_name is not null and {{ fields }}.last_name is not null then 20
        when {{ fields }}.first_name is not null or {{ fields }}.last_name is not null then 10
        else 0
    end
    + case when {{ fields }}.title is not null then 15 else 0 end
    + case when coalesce({{ fields }}.company_name, {{ fields }}.company_domain) is not null then 15 else 0 end
    + case when {{ fields }}.linkedin_url is not null then 10 else 0 end
    + case when {{ fields }}.phone is not null then 10 else 0 end
{%- endmacro %}
