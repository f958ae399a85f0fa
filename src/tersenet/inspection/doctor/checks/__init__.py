"""The doctor's rules, a file for each thing they look at. `docs/doctor.md` states every bound and its reason."""
