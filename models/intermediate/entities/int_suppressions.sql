{{ union_staging('suppressions', ['instantly', 'salesforge', 'files']) }}
