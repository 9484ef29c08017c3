"""An AWS on loopback: takes `sam deploy` of the real template, runs the functions, enforces their roles."""

from simulator.embedded_aws.deploy import DeployError, sam_build, sam_deploy
from simulator.embedded_aws.invoke import FunctionError, invoke
from simulator.embedded_aws.process import EmbeddedAws, StartError
from simulator.embedded_aws.simulated_time import SimulatedTime

__all__ = [
    "DeployError",
    "EmbeddedAws",
    "FunctionError",
    "SimulatedTime",
    "StartError",
    "invoke",
    "sam_build",
    "sam_deploy",
]
