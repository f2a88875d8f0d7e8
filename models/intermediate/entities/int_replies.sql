{{ union_staging('replies', ['smartlead', 'instantly', 'salesforge', 'files']) }}
