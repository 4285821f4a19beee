"""The index holds every value now, and only while it holds: it is built anew."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registers", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [
                "DELETE FROM registers_term",
                "UPDATE registers_register SET indexed_size = 0",
            ],
            migrations.RunSQL.noop,
        )
    ]
