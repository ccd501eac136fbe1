"""The bell of the letters to account holders."""

from celery import shared_task

from common.work import ring


@shared_task(name="accounts.mail.send_letter")
def send_letter(*, mail_id: str) -> None:
    from accounts.mail.messages import send

    send(mail_id)


def ring_letter(mail_id: str, *, countdown_s: float = 0) -> None:
    ring(send_letter, countdown_s=countdown_s, mail_id=mail_id)
