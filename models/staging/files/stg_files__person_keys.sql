-- Every key, old and new, that leads to an imported person.
{{ person_keys('files', source('raw_files', 'people'), [
    ('record', "'files:' || account || ':' || id", 'id'),
    ('apollo', "'apollo:' || apollo_id", 'apollo_id'),
    ('email', "'email:' || email_key", 'email_key'),
    ('email', "'email:' || personal_email_key", 'personal_email_key'),
    ('linkedin', "'linkedin:' || linkedin_url_key", 'linkedin_url_key'),
]) }}
