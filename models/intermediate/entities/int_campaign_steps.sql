{{ union_staging('campaign_steps', ['smartlead', 'instantly', 'salesforge', 'files']) }}
