"""The parts of the embedded AWS that need no emulator: ports, environments, arguments, what is said on failure."""

import os
import socket
from pathlib import Path

import pytest

from simulator.embedded_aws import deploy, launcher, process
from simulator.embedded_aws.process import EmbeddedAws, StartError


def test_a_free_port_can_be_bound_on_loopback() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", process.free_port()))


def test_nothing_of_the_users_aws_survives_in_an_environment() -> None:
    kept = process.without_aws({"AWS_PROFILE": "prod", "AWS_ENDPOINT_URL": "https://x", "PATH": "/bin"})
    assert kept == {"PATH": "/bin"}


def test_clients_are_led_to_this_aws_and_to_no_other() -> None:
    variables = EmbeddedAws(region="eu-central-1").environment()
    assert variables["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert variables["AWS_CONFIG_FILE"] == variables["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert variables["AWS_EC2_METADATA_DISABLED"] == "true"


def test_missing_environments_are_named_with_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"emulator.*make venvs"), EmbeddedAws(repository=tmp_path):
        pass


def test_an_emulator_that_dies_shows_what_it_said_and_leaves_no_files(tmp_path: Path) -> None:
    for name, script in {"emulator": "#!/bin/sh\necho went wrong; exit 7\n", "runtime": ""}.items():
        python = tmp_path / ".venvs" / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(script, encoding="utf-8")
        python.chmod(0o755)
    aws = EmbeddedAws(repository=tmp_path)
    with pytest.raises(StartError, match=r"(?s)status 7.*went wrong"):
        aws.__enter__()
    with pytest.raises(RuntimeError, match="not running"):
        _ = aws.home


def test_stopping_what_never_ran_is_harmless() -> None:
    aws = EmbeddedAws()
    aws.stop()
    aws.stop()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", 'Name=""'),
        ("eu-west-1,us-east-1", 'Name="eu-west-1,us-east-1"'),
        ('say "hi"', 'Name="say \\"hi\\""'),
        ("back\\slash", 'Name="back\\slash"'),
    ],
)
def test_a_parameter_is_written_as_sam_reads_it(value: str, written: str) -> None:
    assert deploy.override("Name", value) == written


def test_the_bootstrap_starts_the_function_as_its_configuration_says() -> None:
    config = {
        "FunctionName": "audit",
        "Runtime": "python3.13",
        "Timeout": 60,
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/own group"},
    }
    script = launcher.bootstrap(config, [Path("/layers/a b")], "/runtime/python")
    assert script.startswith("#!/bin/sh\n")
    assert "export AWS_LAMBDA_FUNCTION_TIMEOUT=60\n" in script
    assert "export AWS_LAMBDA_LOG_GROUP_NAME='/own group'\n" in script
    assert "export PYTHONPATH=\"$LAMBDA_TASK_ROOT\":'/layers/a b/python'\n" in script
    assert script.endswith('exec /runtime/python -m awslambdaric "$_HANDLER"\n')


def test_the_launcher_refuses_to_run_in_a_group_it_does_not_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getpgid", lambda _: os.getpid() + 1)
    with pytest.raises(SystemExit, match="must lead one of its own"):
        launcher.main()
