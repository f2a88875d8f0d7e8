-- Every version of a lead.
{{ person_versions('smartlead', source('raw_smartlead', 'leads')) }}
