{{ union_staging('deal_stages', ['hubspot', 'files']) }}
