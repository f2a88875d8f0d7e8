{{ union_staging('people', ['apollo', 'smartlead', 'hubspot', 'files']) }}
