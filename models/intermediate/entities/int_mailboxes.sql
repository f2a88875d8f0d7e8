{{ union_staging('mailboxes', ['instantly', 'salesforge', 'files']) }}
