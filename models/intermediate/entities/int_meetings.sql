{{ union_staging('meetings', ['hubspot', 'pipedrive', 'salesforce', 'files']) }}
