{{ union_staging('person_keys', ['apollo', 'smartlead', 'hubspot', 'files']) }}
