-- Every version of a contact.
{{ person_versions('hubspot', source('raw_hubspot', 'contacts')) }}
