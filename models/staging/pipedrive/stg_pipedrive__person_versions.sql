-- Every version of a person; Pipedrive names their company by its id only.
{{ person_versions('pipedrive', source('raw_pipedrive', 'persons'), company=none) }}
