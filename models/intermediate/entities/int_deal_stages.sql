{{ union_staging('deal_stages', ['hubspot', 'pipedrive', 'salesforce', 'files']) }}
