{{ union_staging('campaign_leads', ['smartlead', 'files']) }}
