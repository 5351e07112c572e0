"""`python -m imagebatch_operator`: the operator of a Kubernetes cluster, with its settings from IMAGEBATCH_*."""

from __future__ import annotations

import sys

from imagebatch_operator.main import main

if __name__ == "__main__":
    sys.exit(main())
