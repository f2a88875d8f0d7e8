-- Every version of a lead.
{{ person_versions('instantly', source('raw_instantly', 'leads'), email_status=instantly_email_status()) }}
