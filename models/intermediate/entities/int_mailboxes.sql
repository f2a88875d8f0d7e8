{{ union_staging('mailboxes', ['smartlead', 'instantly', 'salesforge', 'files']) }}
