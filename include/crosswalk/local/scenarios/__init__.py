"""The scenes of the demo and of `make up`, one an integration, in the order of the demo's table."""

from crosswalk.local.scenario import Scene
from crosswalk.local.scenarios.emoney import EmoneyScene
from crosswalk.local.scenarios.flex import FlexScene
from crosswalk.local.scenarios.fmg import FmgScene
from crosswalk.local.scenarios.fmo import FmoScene
from crosswalk.local.scenarios.mindmatrix import MindmatrixScene

SCENES: tuple[Scene, ...] = (FmgScene(), EmoneyScene(), MindmatrixScene(), FmoScene(), FlexScene())
