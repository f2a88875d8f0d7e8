-- Every version of a bought person.
{{ person_versions(
    'apollo', source('raw_apollo', 'people'), 'organization', apollo_email_status('email_status')
) }}
