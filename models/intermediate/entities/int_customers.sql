{{ union_staging('customers', ['files']) }}
