-- Every key, old and new, that leads to a lead of Smartlead's.
{{ person_keys('smartlead', source('raw_smartlead', 'leads'), [
    ('record', "'smartlead:' || account || ':' || id", 'id'),
    ('email', "'email:' || email_key", 'email_key'),
    ('linkedin', "'linkedin:' || linkedin_url_key", 'linkedin_url_key'),
]) }}
