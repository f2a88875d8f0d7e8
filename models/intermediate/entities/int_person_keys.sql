{{ union_staging('person_keys', [
    'apollo', 'smartlead', 'instantly', 'salesforge', 'hubspot', 'pipedrive', 'salesforce', 'files'
]) }}
