{{ union_staging('meetings', ['hubspot', 'files']) }}
