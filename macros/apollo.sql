-- Apollo's word for how sure an address is, as the canonical status.
{% macro apollo_email_status(status) -%}
    case
        when lower({{ status }}) = 'verified' then 'verified'
        when lower({{ status }}) in ('guessed', 'extrapolated', 'likely to engage') then 'guessed'
        when lower({{ status }}) in ('catch_all', 'accept_all') then 'catch_all'
        when lower({{ status }}) in ('invalid', 'unavailable', 'bounced') then 'invalid'
        else 'unknown'
    end
{%- endmacro %}


-- Apollo's word for how sure a phone number is; one that it calls valid is verified.
{% macro apollo_phone_status(status) -%}
    case when lower({{ status }}) = 'valid_number' then 'verified' else {{ status }} end
{%- endmacro %}
