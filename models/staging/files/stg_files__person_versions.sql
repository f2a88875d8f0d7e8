-- Every version of an imported person.
{{ person_versions('files', source('raw_files', 'people'), email_status='email_status') }}
