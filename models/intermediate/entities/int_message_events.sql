{{ union_staging('message_events', ['smartlead', 'files']) }}
