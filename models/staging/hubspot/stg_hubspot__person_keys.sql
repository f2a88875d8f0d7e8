-- Every key, old and new, that leads to a contact; the ids that were merged into it are among them.
{{ person_keys('hubspot', source('raw_hubspot', 'contacts'), [
    ('record', "'hubspot:' || account || ':' || id", 'id'),
    (
        'record',
        "'hubspot:' || account || ':' || unnest(string_to_array(merged_ids, ';'))",
        'merged_ids',
    ),
    ('email', "'email:' || email_key", 'email_key'),
    (
        'email',
        "'email:' || unnest(string_to_array(further_email_keys, ';'))",
        'further_email_keys',
    ),
    ('linkedin', "'linkedin:' || linkedin_url_key", 'linkedin_url_key'),
]) }}
