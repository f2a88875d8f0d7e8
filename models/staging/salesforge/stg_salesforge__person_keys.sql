-- Every key, old and new, that leads to a contact of Salesforge's.
{{ person_keys('salesforge', source('raw_salesforge', 'contacts'), [
    ('record', "'salesforge:' || account || ':' || id", 'id'),
    ('email', "'email:' || email_key", 'email_key'),
    ('linkedin', "'linkedin:' || linkedin_url_key", 'linkedin_url_key'),
]) }}
