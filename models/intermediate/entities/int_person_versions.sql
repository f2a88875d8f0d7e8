{{ union_staging('person_versions', [
    'apollo', 'smartlead', 'instantly', 'salesforge', 'hubspot', 'pipedrive', 'salesforce', 'files'
]) }}
