"""The shop's settings with a payment provider that answers at once: `bench.checkout` measures the shop alone."""

from stolentee.settings import *  # noqa: F403

PAYMENT_GATEWAY = "bench.gateway.InstantGateway"
STRIPE_WEBHOOK_SECRETS = ["whsec_bench"]
