{{ union_staging('outcomes', ['files']) }}
