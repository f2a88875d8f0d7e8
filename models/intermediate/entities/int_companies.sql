{{ union_staging('companies', ['apollo', 'hubspot', 'pipedrive', 'salesforce', 'files']) }}
