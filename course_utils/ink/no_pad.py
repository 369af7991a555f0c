"""What stands in for the drawing pad where its widgets are not installed."""

from typing import Any, NoReturn


class DrawingPad:
    """Says, when it is to be shown, what the drawing pad needs."""

    def __init__(self, *_: Any, **__: Any) -> NoReturn:
        raise ImportError(
            "the drawing pad expected the package anywidget, and it is not installed; "
            "install it with JupyterLab: pip install -e .[lab]"
        )
