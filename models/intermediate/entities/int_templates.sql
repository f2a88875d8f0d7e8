{{ union_staging('templates', ['smartlead', 'instantly', 'salesforge', 'files']) }}
