from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_production'),
    ]

    operations = [
        migrations.AddField(
            model_name='orderline',
            name='design_hash',
            field=models.CharField(blank=True, help_text='Of the look that was ordered.', max_length=64),
        ),
        migrations.AddField(
            model_name='orderline',
            name='print_quality',
            field=models.JSONField(blank=True, default=dict, help_text='Inches, resolution and inks as ordered, and the ground on which a poor print is made.'),
        ),
    ]
