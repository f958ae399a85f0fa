"""Facts and forms of pictures that the tests of exported files share."""

from tersenet.export import ExportFacts

FORMS = {1: ((0.13,), (0.31,)), 3: ((0.45, 0.2, 0.6), (0.2, 0.3, 0.25))}


def facts(notation):
    return ExportFacts(
        run="run", network=notation, data="drawn", classes=tuple("0123456789"), weights_sha256="0" * 64
    )
