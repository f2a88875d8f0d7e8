{{ union_staging('messages', ['smartlead', 'files']) }}
