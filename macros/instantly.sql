-- Instantly's verdict on an address as the canonical status; null where it was not checked.
{% macro instantly_email_status() -%}
    case verification_status
        when 1 then 'verified'
        when -1 then 'invalid'
        when -2 then 'unknown'
        when -3 then 'catch_all'
    end
{%- endmacro %}
