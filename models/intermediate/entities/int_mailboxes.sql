{{ union_staging('mailboxes', ['files']) }}
