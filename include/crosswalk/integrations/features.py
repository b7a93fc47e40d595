"""The features an integration may use, each by a section of its spec.toml."""

from __future__ import annotations

from crosswalk.engine.hooks import Feature
from crosswalk.features.announcements.feature import Announcements
from crosswalk.features.eligibility.feature import EligibilityFeature
from crosswalk.features.inbound_files.feature import InboundFiles
from crosswalk.features.linking.feature import Linking
from crosswalk.features.optouts.feature import OptOuts
from crosswalk.features.tenancy.feature import Tenancy
from crosswalk.features.writeback.feature import WriteBack

FEATURES: tuple[type[Feature], ...] = (
    InboundFiles,
    EligibilityFeature,
    OptOuts,
    Announcements,
    Tenancy,
    Linking,
    WriteBack,
)
"""All features, in the order in which the engine calls them."""
