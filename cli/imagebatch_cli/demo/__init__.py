"""`imagebatch demo`: runs the main job, shows it, and checks what came of it."""

from imagebatch_cli.demo.run import run_demo

__all__ = ["run_demo"]
