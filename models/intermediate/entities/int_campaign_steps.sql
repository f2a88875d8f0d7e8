{{ union_staging('campaign_steps', ['smartlead', 'files']) }}
