{{ union_staging('deals', ['hubspot', 'pipedrive', 'salesforce', 'files']) }}
