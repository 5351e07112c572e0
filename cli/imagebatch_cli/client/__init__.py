"""The REST service as the commands call it; the only package of the command line that knows HTTP."""

from imagebatch_cli.client.answers import not_ours
from imagebatch_cli.client.listing import Listing
from imagebatch_cli.client.service import Readiness, ServiceClient, connect

__all__ = ["Listing", "Readiness", "ServiceClient", "connect", "not_ours"]
