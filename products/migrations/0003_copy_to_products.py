"""What the print areas said of any method becomes what they say of direct-to-garment; stages move to the product.

A migration of its own: PostgreSQL alters no table with changes pending in the same transaction.
"""

from django.db import migrations


def copy(apps, schema_editor):
    PrintArea = apps.get_model("products", "PrintArea")
    StageView = apps.get_model("products", "StageView")
    Method = apps.get_model("products", "DecorationMethod")
    if PrintArea.objects.filter(method=None).exists():
        dtg, _ = Method.objects.get_or_create(name="dtg", defaults={"display_name": "Direct to Garment"})
        PrintArea.objects.filter(method=None).update(method=dtg)
    for view in StageView.objects.select_related("print_area"):
        view.product_id = view.print_area.product_id
        view.placement = view.print_area.placement
        view.datum_collar_offset_in = view.print_area.collar_offset_in
        view.save()


class Migration(migrations.Migration):
    dependencies = [("products", "0002_print_areas_by_method")]
    operations = [migrations.RunPython(copy, migrations.RunPython.noop)]
