"""The image, the roles and what starts them: linted, held against the code, and the web role run for real."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import yaml
from django.conf import settings

from uploads.cutout.weights import U2NETP_SHA256

ROOT = Path(__file__).resolve().parents[2]
START = ROOT / "deploy" / "start"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {
    name: service
    for name, service in COMPOSE["services"].items()
    if service["image"].startswith("stolentee:")
}
RAILWAY = [ROOT / "railway.toml", *sorted((ROOT / "deploy" / "railway").glob("*.toml"))]
ROLES = re.findall(r"^([a-z]+)\)", START.read_text(), re.MULTILINE)
TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
DURATION = {"type": "string", "pattern": "^[0-9]+(s|m)$"}
# The part of the Compose specification that compose.yaml uses: anything else in it is a slip.
SERVICE = {
    "type": "object",
    "required": ["image", "restart"],
    "additionalProperties": False,
    "properties": {
        "image": {"type": "string", "pattern": "^[a-z0-9./-]+:.+$"},
        "build": {"const": "."},
        "restart": {"enum": ["no", "unless-stopped", "on-failure:10"]},
        "init": {"type": "boolean"},
        "stop_grace_period": DURATION,
        "cap_drop": {"const": ["ALL"]},
        "security_opt": {"const": ["no-new-privileges:true"]},
        "secrets": TEXTS,
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "volumes": TEXTS,
        "ports": TEXTS,
        "profiles": TEXTS,
        "entrypoint": TEXTS,
        "command": TEXTS,
        "mem_limit": {"type": "string", "pattern": "^[0-9]+[mg]$"},
        "shm_size": {"type": "string", "pattern": "^[0-9]+[mg]$"},
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["condition"],
                "additionalProperties": False,
                "properties": {"condition": {"enum": ["service_healthy", "service_completed_successfully"]}},
            },
        },
        "healthcheck": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "disable": {"type": "boolean"},
                "test": TEXTS,
                "interval": DURATION,
                "timeout": DURATION,
                "start_period": DURATION,
                "retries": {"type": "integer", "minimum": 1},
            },
        },
    },
}
RAILWAY_FILE = {
    "type": "object",
    "required": ["build", "deploy"],
    "additionalProperties": False,
    "properties": {
        "build": {"const": {"builder": "DOCKERFILE", "dockerfilePath": "Dockerfile"}},
        "deploy": {
            "type": "object",
            "required": ["startCommand", "restartPolicyType"],
            "additionalProperties": False,
            "properties": {
                "startCommand": {"type": "string", "pattern": "^deploy/start [a-z]+$"},
                "preDeployCommand": TEXTS,
                "healthcheckPath": {"type": "string", "pattern": "^/"},
                "healthcheckTimeout": {"type": "integer", "minimum": 1},
                "numReplicas": {"type": "integer", "minimum": 1, "maximum": 5},
                "overlapSeconds": {"type": "integer", "minimum": 0},
                "drainingSeconds": {"type": "integer", "minimum": 1},
                "cronSchedule": {"type": "string", "pattern": r"^(\S+ ){4}\S+$"},
                "restartPolicyType": {"enum": ["ON_FAILURE", "NEVER"]},
                "restartPolicyMaxRetries": {"type": "integer"},
            },
        },
    },
}


def test_the_dockerfile_passes_its_linter() -> None:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, "--no-color", "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_built_in_stages_and_runs_as_nobody_in_particular() -> None:
    stages = re.findall(r"^FROM (\S+) AS (\w+)$", DOCKERFILE, re.MULTILINE)
    assert [name for _, name in stages] == ["build", "shop"]
    assert len({base for base, _ in stages}) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+", stages[0][0])
    last = DOCKERFILE.split(" AS shop\n")[1]
    user = re.findall(r"^USER (\S+)$", last, re.MULTILINE)
    assert user == ["10001:10001"]
    assert last.index("USER ") < last.index("collectstatic") < last.index("ENTRYPOINT")
    assert "pip install" not in last and "--require-hashes" in DOCKERFILE
    assert DOCKERFILE.count("--require-hashes") == 3
    assert re.search(r"^HEALTHCHECK .*deploy/start", last, re.MULTILINE)


def test_the_weights_are_in_the_image_by_their_hash() -> None:
    assert f"{U2NETP_SHA256}  /opt/rembg/u2netp.onnx" in DOCKERFILE


def test_every_package_of_the_shop_is_in_the_image_and_nothing_else_is() -> None:
    copied = set(re.findall(r"^COPY (\w+) \w+$", DOCKERFILE, re.MULTILINE))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert copied == packages - {"bench", "demo", "tests", "tools"}
    allowed = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    assert copied <= allowed and "deploy/start" in allowed


def test_the_weights_can_be_placed_ahead_of_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "uploads.cutout.place_weights"]
    placed = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"REMBG_HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert (placed.returncode, placed.stdout.strip()) == (0, str(tmp_path / "u2netp.onnx"))
    nowhere = {name: value for name, value in os.environ.items() if name != "REMBG_HOME"}
    assert subprocess.run(command, cwd=ROOT, env=nowhere, capture_output=True).returncode == 1


def test_both_workers_together_listen_to_every_queue() -> None:
    queues = [set(found.split(",")) for found in re.findall(r"worker -Q ([a-z,]+)", START.read_text())]
    assert set.union(*queues) == set(settings.WORKER_QUEUES)
    assert not set.intersection(*queues)


def test_compose_says_what_compose_understands() -> None:
    assert set(COMPOSE) == {"name", "x-shop", "services", "volumes", "secrets"}
    for name, service in COMPOSE["services"].items():
        try:
            jsonschema.validate(service, SERVICE)
        except jsonschema.ValidationError as error:
            pytest.fail(f"{name}: {error.message}")
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])
        for mount in service.get("volumes", []):
            assert mount.split(":")[0] in COMPOSE["volumes"], mount
        for needed, how in service.get("depends_on", {}).items():
            target = COMPOSE["services"][needed]
            assert how["condition"] != "service_healthy" or "test" in target["healthcheck"], needed
            assert how["condition"] == "service_healthy" or target["restart"] in ("no", "on-failure:10"), (
                needed
            )
    assert set(OURS) == {"release", "web", "worker", "cutouts", "beat", "rembg", "backup"}
    assert {"postgres", "redis", "storage"} <= set(COMPOSE["services"])


def test_composes_secrets_are_files_that_the_shop_reads() -> None:
    for service in OURS.values():
        for name, value in service["environment"].items():
            if name.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"], name
            assert not re.search(r"(PASS|SECRET|KEY|TOKEN)$", name), name


def test_only_the_web_is_reachable_and_only_from_this_machine() -> None:
    ports = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert ports == {"web": ["127.0.0.1:3001:3001"]}


def test_every_starter_starts_a_role_that_there_is() -> None:
    procfile = dict(line.split(": ") for line in (ROOT / "Procfile").read_text().splitlines())
    assert procfile == {role: f"deploy/start {role}" for role in procfile}
    assert set(procfile) == {"release", "web", "worker", "cutouts", "beat", "rembg"} <= set(ROLES)
    assert {service["command"][0] for service in OURS.values()} <= set(ROLES)
    assert COMPOSE["services"]["web"]["healthcheck"]["test"] == ["CMD", "deploy/start", "probe"]


@pytest.mark.parametrize("path", RAILWAY, ids=lambda path: path.name)
def test_a_railway_file(path: Path) -> None:
    content = tomllib.loads(path.read_text())
    jsonschema.validate(content, RAILWAY_FILE)
    role = content["deploy"]["startCommand"].split()[1]
    assert role in ROLES
    assert path.name in (f"{role}.toml", "railway.toml")
    if role == "web":
        assert content["deploy"]["preDeployCommand"] == ["deploy/start release"]
        assert content["deploy"]["healthcheckPath"] == "/health/ready"
        assert content["deploy"]["numReplicas"] == 2
    if role == "beat":
        assert (content["deploy"]["numReplicas"], content["deploy"]["overlapSeconds"]) == (1, 0)


def test_secrets_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    folder, said, made = tmp_path / "secrets", [], []
    for _ in range(2):
        done = subprocess.run(
            [ROOT / "deploy" / "make-secrets", folder], capture_output=True, text=True, check=True
        )
        said.append(done.stdout)
        made.append({path.name: path.read_text() for path in folder.iterdir()})
        (folder / "stripe_secret_key").write_text("given")
    assert "stripe_secret_key is empty" in said[0] and "stripe_secret_key is empty" not in said[1]
    assert made[1] == made[0] | {"stripe_secret_key": "given"}
    assert folder.stat().st_mode & 0o777 == 0o700
    wanted = {secret["file"].removeprefix("deploy/secrets/") for secret in COMPOSE["secrets"].values()}
    assert set(made[1]) == wanted
    assert made[1]["postgres_password"] in made[1]["database_url"] and len(made[1]["secret_key"]) == 64
    assert made[1]["secret_key"] != made[1]["postgres_password"]


def role_environment(tmp_path: Path, port: int) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "VAR_DIR": str(tmp_path), "PORT": str(port), "HOST": "127.0.0.1"}
    return os.environ | own | {"WEB_CONCURRENCY": "1"}


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [START, "nobody"], env=role_environment(tmp_path, 1), capture_output=True, text=True
    )
    assert done.returncode == 2 and "usage: deploy/start release | web" in done.stderr


@pytest.mark.embedded
def test_the_web_role_serves_is_probed_and_leaves_in_time(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = role_environment(tmp_path, port)
    assert subprocess.run([START, "probe"], env=environment, capture_output=True).returncode == 1
    released = subprocess.run([START, "release"], env=environment, capture_output=True, text=True, timeout=90)
    assert released.returncode == 0, released.stderr
    web = subprocess.Popen(
        [START, "web"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while subprocess.run([START, "probe"], env=environment, capture_output=True).returncode != 0:
            assert web.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
        assert requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).json()["status"] == "ready"
        started = time.monotonic()
        web.send_signal(signal.SIGTERM)
        assert web.wait(15) == 0
        assert time.monotonic() - started < 10
    finally:
        if web.poll() is None:
            web.kill()
            web.wait(10)
