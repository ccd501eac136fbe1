from django.db import migrations, models
from django.db.models.functions import Lower

from common.online_index import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False  # the index is built while writers go on

    dependencies = [("orders", "0009_list_indexes")]

    operations = [
        AddIndexOnline(
            model_name="order",
            index=models.Index(
                Lower("customer_email"), condition=models.Q(("user", None)), name="order_of_guest"
            ),
        ),
    ]
