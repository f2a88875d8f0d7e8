{{ union_staging('people', [
    'apollo', 'smartlead', 'instantly', 'salesforge', 'hubspot', 'pipedrive', 'salesforce', 'files'
]) }}
