-- Every key, old and new, that leads to a person; whoever was merged into one is found by the address it brought.
{{ person_keys('pipedrive', source('raw_pipedrive', 'persons'), [
    ('record', "'pipedrive:' || account || ':' || id", 'id'),
    ('email', "'email:' || email_key", 'email_key'),
    (
        'email',
        "'email:' || unnest(string_to_array(further_email_keys, ';'))",
        'further_email_keys',
    ),
    ('linkedin', "'linkedin:' || linkedin_url_key", 'linkedin_url_key'),
]) }}
