{{ union_staging('companies', ['apollo', 'hubspot', 'files']) }}
