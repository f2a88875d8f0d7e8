-- Every key, old and new, that leads to a contact or a lead. The record that took another one in has its key, too,
-- and a converted lead is found by its contact's.
{% set fields = 'account, id, email_key, further_email_keys, linkedin_url_key, master_id, loaded_at,'
    ~ ' _dlt_valid_from, _dlt_valid_to, _dlt_load_id' %}
{% set records %}
(
    select {{ fields }}, cast(null as text) as converted_contact_id
    from {{ source('raw_salesforce', 'contacts') }}
    union all
    select {{ fields }}, converted_contact_id
    from {{ source('raw_salesforce', 'leads') }}
) as records
{% endset %}
{{ person_keys('salesforce', records, [
    ('record', "'salesforce:' || account || ':' || id", 'id'),
    ('record', "'salesforce:' || account || ':' || master_id", 'master_id'),
    ('record', "'salesforce:' || account || ':' || converted_contact_id", 'converted_contact_id'),
    ('email', "'email:' || email_key", 'email_key'),
    (
        'email',
        "'email:' || unnest(string_to_array(further_email_keys, ';'))",
        'further_email_keys',
    ),
    ('linkedin', "'linkedin:' || linkedin_url_key", 'linkedin_url_key'),
]) }}
