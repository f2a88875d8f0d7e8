{{ union_staging('replies', ['smartlead', 'files']) }}
