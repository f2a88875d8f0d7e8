{{ union_staging('deals', ['hubspot', 'files']) }}
