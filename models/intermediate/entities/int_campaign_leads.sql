{{ union_staging('campaign_leads', ['smartlead', 'instantly', 'salesforge', 'files']) }}
