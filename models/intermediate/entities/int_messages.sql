{{ union_staging('messages', ['smartlead', 'instantly', 'salesforge', 'hubspot', 'files']) }}
