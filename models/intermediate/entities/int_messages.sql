{{ union_staging('messages', ['smartlead', 'instantly', 'salesforge', 'files']) }}
