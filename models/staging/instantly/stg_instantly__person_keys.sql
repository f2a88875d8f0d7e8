-- Every key, old and new, that leads to a lead of Instantly's.
{{ person_keys('instantly', source('raw_instantly', 'leads'), [
    ('record', "'instantly:' || account || ':' || id", 'id'),
    ('email', "'email:' || email_key", 'email_key'),
    ('linkedin', "'linkedin:' || linkedin_url_key", 'linkedin_url_key'),
]) }}
