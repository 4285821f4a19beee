"""Updates take the place of uploads; who else says so; watched places."""

from typing import Any

import django.db.models.deletion
import staithe.registers.models.keeping
from django.db import migrations, models


def tell_apart(apps: Any, _editor: object) -> None:
    """Give each older proposal a digest of its own: none was compared by it."""
    for made in apps.get_model("registers", "Correction").objects.all():
        made.changes_digest = f"{made.pk:064d}"
        made.save(update_fields=["changes_digest"])


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0001_initial'),
        ('registers', '0002_index_of_values'),
    ]

    operations = [
        migrations.CreateModel(
            name='Line',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('added', 'Added'), ('changed', 'Changed'), ('ended', 'Ended'), ('wrong', 'Wrong'), ('field', 'Field'), ('detail', 'About the register')], max_length=8)),
                ('key', models.CharField(max_length=255)),
                ('values', models.JSONField()),
                ('seen', models.BigIntegerField(default=0)),
                ('row', models.PositiveIntegerField(null=True)),
                ('problem', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='Support',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('evidence', models.TextField()),
                ('proposer', models.CharField(blank=True, max_length=200)),
                ('contact_email', models.EmailField(blank=True, max_length=254)),
                ('source_hash', models.CharField(blank=True, max_length=64)),
                ('made_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'ordering': ['made_at'],
            },
        ),
        migrations.CreateModel(
            name='Update',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(default=staithe.registers.models.keeping.new_update_reference, max_length=16, unique=True)),
                ('origin', models.CharField(choices=[('form', 'Form'), ('file', 'File'), ('bulk', 'Bulk change'), ('undo', 'Undo'), ('mend', 'Mended key'), ('fields', 'Fields'), ('details', 'About the register'), ('watch', 'Watched place'), ('api', 'Program'), ('correction', 'Proposed correction')], max_length=12)),
                ('title', models.CharField(max_length=255)),
                ('reason', models.TextField(blank=True)),
                ('counts', models.JSONField()),
                ('state', models.CharField(choices=[('prepared', 'Not sent yet'), ('waiting', 'Waits for a second person'), ('scheduled', 'Scheduled'), ('applied', 'Made'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn'), ('stopped', 'Stopped')], default='prepared', max_length=12)),
                ('made_by', models.CharField(max_length=200)),
                ('made_at', models.DateTimeField()),
                ('apply_at', models.DateTimeField(null=True)),
                ('decided_by', models.CharField(blank=True, max_length=200)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decision', models.TextField(blank=True)),
                ('first_entry', models.BigIntegerField(null=True)),
                ('last_entry', models.BigIntegerField(null=True)),
            ],
            options={
                'ordering': ['-made_at'],
            },
        ),
        migrations.CreateModel(
            name='Watch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(default=staithe.registers.models.keeping.new_watch_reference, max_length=16, unique=True)),
                ('place', models.CharField(max_length=500)),
                ('fields', models.JSONField()),
                ('is_whole', models.BooleanField()),
                ('every_minutes', models.PositiveIntegerField()),
                ('most_percent', models.PositiveIntegerField(default=10)),
                ('made_by', models.CharField(max_length=200)),
                ('made_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('looked_at', models.DateTimeField(null=True)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('outcome', models.TextField(blank=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['made_at'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='correction',
            name='registers_correction_decided',
        ),
        migrations.AddField(
            model_name='correction',
            name='changes_digest',
            field=models.CharField(default='', max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
        migrations.AddField(
            model_name='register',
            name='answer_within_days',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='register',
            name='writers',
            field=models.ManyToManyField(related_name='+', to='people.organisation'),
        ),
        migrations.AlterField(
            model_name='correction',
            name='state',
            field=models.CharField(choices=[('open', 'Waiting'), ('agreed', 'Accepted, waits for a second person'), ('accepted', 'Accepted'), ('edited', 'Accepted with changes'), ('declined', 'Declined'), ('spam', 'Removed as spam')], default='open', max_length=12),
        ),
        migrations.AddField(
            model_name='support',
            name='correction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='supports', to='registers.correction'),
        ),
        migrations.AddField(
            model_name='update',
            name='register',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registers.register'),
        ),
        migrations.AddField(
            model_name='line',
            name='update',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='registers.update'),
        ),
        migrations.AddField(
            model_name='correction',
            name='update',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='registers.update'),
        ),
        migrations.AddIndex(
            model_name='correction',
            index=models.Index(fields=['register', 'state', 'made_at'], name='registers_correction_queue'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('state__in', ['open', 'agreed'])), models.Q(models.Q(('state__in', ['open', 'agreed']), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='registers_correction_decided'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('register', 'key', 'changes_digest'), name='registers_correction_open_once'),
        ),
        migrations.AddField(
            model_name='watch',
            name='register',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registers.register'),
        ),
        migrations.DeleteModel(
            name='Upload',
        ),
        migrations.AddIndex(
            model_name='update',
            index=models.Index(condition=models.Q(('state', 'scheduled')), fields=['apply_at'], name='registers_update_due'),
        ),
        migrations.AddConstraint(
            model_name='update',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('state__in', ['prepared', 'waiting', 'scheduled'])), models.Q(('state__in', ['applied', 'refused', 'withdrawn', 'stopped']), ('decided_at__isnull', False)), _connector='OR'), name='registers_update_decided'),
        ),
        migrations.AddConstraint(
            model_name='update',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('first_entry', None), ('last_entry', None)), models.Q(('last_entry__gte', models.F('first_entry')), ('state', 'applied')), _connector='OR'), name='registers_update_entries'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(fields=['update', 'kind'], name='registers_line_kind'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.UniqueConstraint(fields=('update', 'number'), name='registers_line_once'),
        ),
        migrations.AddConstraint(
            model_name='watch',
            constraint=models.CheckConstraint(condition=models.Q(('every_minutes__gte', 5), ('most_percent__gte', 1), ('most_percent__lte', 100)), name='registers_watch_sensible'),
        ),
    ]
