{{ union_staging('message_events', ['smartlead', 'instantly', 'salesforge', 'files']) }}
