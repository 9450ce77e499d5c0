"""Shoebox connectors that are broken on purpose: what an author may get wrong, one fault each."""

from tests.connectors.broken.erasing import *  # noqa: F403
from tests.connectors.broken.finding import *  # noqa: F403
from tests.connectors.broken.holding import *  # noqa: F403
from tests.connectors.broken.restricting import *  # noqa: F403
from tests.connectors.broken.telling import *  # noqa: F403
