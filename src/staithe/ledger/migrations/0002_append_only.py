from django.db import migrations

from staithe.ledger import guards


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_log")]

    operations = [
        migrations.RunPython(guards.migrate_forwards, guards.migrate_backwards),
    ]
