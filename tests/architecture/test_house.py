"""The house stands as HOUSE says: arrows point down, tasks are registered, migrations are complete."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from stolentee.celery import STEPS_WITH_TASKS, app

ROOT = Path(__file__).resolve().parents[2]
# A package may refer to those that stand after it; those that share a floor may not see each other.
FLOORS = [{"ops"}, {"orders"}, {"designs", "pricing"}, {"uploads", "products"}, {"accounts"}, {"common"}]
_FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}


def test_foreign_keys_point_down() -> None:
    wrong = []
    seen = 0
    for model in apps.get_models():
        own = model._meta.app_label
        if own not in _FLOOR_OF:
            continue
        for field in model._meta.get_fields():
            if not field.concrete or not field.is_relation or field.related_model is None:
                continue
            target = field.related_model._meta.app_label
            seen += 1
            if target != own and (target not in _FLOOR_OF or _FLOOR_OF[target] <= _FLOOR_OF[own]):
                wrong.append(f"{model.__name__}.{field.name} -> {target}")
    assert wrong == []
    assert seen > 15


def test_every_task_of_the_tree_is_registered_and_has_a_queue_that_workers_listen_to() -> None:
    app.loader.import_default_modules()
    declared = set()
    for step in STEPS_WITH_TASKS:
        text = (ROOT / step.replace(".", "/") / "tasks.py").read_text()
        declared |= set(re.findall(r'@shared_task\(name="([^"]+)"\)', text))
    everywhere = {
        name
        for path in ROOT.glob("*/**/tasks.py")
        if ".venv" not in path.parts
        for name in re.findall(r'@shared_task\(name="([^"]+)"\)', path.read_text())
    }
    assert declared == everywhere
    assert declared <= set(app.tasks)
    for name in declared:
        route = app.amqp.router.route({}, name)
        assert route["queue"].name in settings.WORKER_QUEUES


def test_tasks_are_bells_only() -> None:
    for step in STEPS_WITH_TASKS:
        lines = (ROOT / step.replace(".", "/") / "tasks.py").read_text().splitlines()
        assert len(lines) < 40, step


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_import_contracts_are_kept() -> None:
    result = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert "0 broken" in result.stdout


def test_every_dependency_says_why_it_is_here() -> None:
    for name in ("requirements.in", "requirements-dev.in"):
        for line in (ROOT / name).read_text().splitlines():
            if line and not line.startswith(("#", "-c")):
                assert re.fullmatch(r"\S+==\S+ +# \S.{9,}", line), line


def test_modules_stay_short_enough_to_read() -> None:
    too_long = {
        str(path.relative_to(ROOT)): count
        for path in ROOT.glob("*/**/*.py")
        if not {".venv", "migrations", "tests", "out", "var"} & set(path.relative_to(ROOT).parts)
        and (count := len(path.read_text().splitlines())) > (560 if path.name == "settings.py" else 420)
    }
    assert too_long == {}
