{{ union_staging('campaigns', ['smartlead', 'instantly', 'salesforge', 'files']) }}
