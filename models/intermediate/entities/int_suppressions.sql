{{ union_staging('suppressions', ['files']) }}
