"""Why a network answers as it does: class activation, receptive fields, exciting pictures."""
