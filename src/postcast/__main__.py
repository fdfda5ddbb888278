"""``python -m postcast`` is ``postcast``."""

from postcast.cli.main import main

main()
