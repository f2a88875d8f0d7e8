{{ union_staging('clients', ['files']) }}
