"""`python -m veo_nb` is `veo-nb`."""

import sys

from veo_nb.cli import main

sys.exit(main())
