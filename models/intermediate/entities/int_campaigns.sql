{{ union_staging('campaigns', ['smartlead', 'files']) }}
