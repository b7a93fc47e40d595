"""The scenes of the demo and of `make up`, one an integration, in the order of the demo's table."""

from crosswalk.local.scene import Scene
from crosswalk.local.scenes.emoney import EmoneyScene
from crosswalk.local.scenes.flex import FlexScene
from crosswalk.local.scenes.fmg import FmgScene
from crosswalk.local.scenes.fmo import FmoScene
from crosswalk.local.scenes.mindmatrix import MindmatrixScene

SCENES: tuple[Scene, ...] = (FmgScene(), EmoneyScene(), MindmatrixScene(), FmoScene(), FlexScene())
