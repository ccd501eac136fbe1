"""The bell of the outbox."""

from celery import shared_task

from common.work import ring


@shared_task(name="orders.notifications.send_mail")
def send_mail(*, mail_id: str) -> None:
    from orders.notifications.messages import send

    send(mail_id)


def ring_mail(mail_id: str, *, countdown_s: float = 0) -> None:
    ring(send_mail, countdown_s=countdown_s, mail_id=mail_id)
