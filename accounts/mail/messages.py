"""The letters to account holders. Their links are made here, at the moment of sending."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from accounts import links
from accounts.mail.tasks import ring_letter
from accounts.models import AccountMail
from common.mail import deliver, letter

_SUBJECTS = {
    AccountMail.Kind.CONFIRM_EMAIL: "Confirm your e-mail address - Stolen Tee",
    AccountMail.Kind.RESET_PASSWORD: "Choose a new password - Stolen Tee",
    AccountMail.Kind.PASSWORD_CHANGED: "Your password was changed - Stolen Tee",
}


def send(mail_id: str) -> None:
    """Sends the letter if it is ours to send."""
    deliver(AccountMail, mail_id, compose, ring_letter)


def compose(mail: AccountMail) -> EmailMultiAlternatives:
    """The letter as text and HTML."""
    context = {
        "name": mail.user.name,
        "link": _link(mail),
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
        "forgot_url": f"{settings.PUBLIC_URL}/account/forgot-password",
    }
    subject = _SUBJECTS[AccountMail.Kind(mail.kind)]
    return letter(f"accounts/mail/{mail.kind}", context, subject=subject, to=mail.user.email)


def _link(mail: AccountMail) -> str:
    if mail.kind == AccountMail.Kind.CONFIRM_EMAIL:
        return links.page_of("confirm-email", mail.user, links.CONFIRM)
    if mail.kind == AccountMail.Kind.RESET_PASSWORD:
        return links.page_of("reset-password", mail.user, links.RESET)
    return ""
