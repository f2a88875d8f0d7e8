{{ union_staging('templates', ['smartlead', 'files']) }}
