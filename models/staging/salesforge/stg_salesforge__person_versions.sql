-- Every version of a contact.
{{ person_versions('salesforge', source('raw_salesforge', 'contacts')) }}
