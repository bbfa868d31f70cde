"""Why a document cannot be made, in words for whoever asked for it."""

from importlib.util import find_spec

INSTALL_DOCUMENTS = "pip install 'coalition-gateway[documents]'"


class NoDocument(Exception):
    """A document cannot be made of this statement; the message says what to do."""


def require_installed(*modules: str) -> None:
    """Raise NoDocument where a library of the [documents] extra is missing."""
    for module in modules:
        if find_spec(module) is None:
            message = f"a document needs {module}, which is not installed: {INSTALL_DOCUMENTS}"
            raise NoDocument(message)


def is_installed(*modules: str) -> bool:
    """Whether the libraries of a document are there."""
    return all(find_spec(module) is not None for module in modules)
