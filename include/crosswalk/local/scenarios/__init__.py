"""The scenarios of the demo and of `make up`, one per integration, in the order of the demo's table."""

from crosswalk.local.scenario import Scenario
from crosswalk.local.scenarios.emoney import EmoneyScenario
from crosswalk.local.scenarios.flex import FlexScenario
from crosswalk.local.scenarios.fmg import FmgScenario
from crosswalk.local.scenarios.fmo import FmoScenario
from crosswalk.local.scenarios.mindmatrix import MindmatrixScenario

SCENARIOS: tuple[Scenario, ...] = (FmgScenario(), EmoneyScenario(), MindmatrixScenario(), FmoScenario(), FlexScenario())
