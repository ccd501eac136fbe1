"""What other apps may want to know about accounts. They see accounts; accounts does not see them."""

from django.dispatch import Signal

# Sent with `user` who reads the account's e-mail address: when that is first shown, and at each log-in after.
email_proven = Signal()
