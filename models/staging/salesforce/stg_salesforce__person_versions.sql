-- Every version of a contact, whose company is named by its id only, or a lead.
{{ person_versions('salesforce', source('raw_salesforce', 'contacts'), company=none) }}
union all
{{ person_versions('salesforce', source('raw_salesforce', 'leads')) }}
