"""Exported code on this machine and on emulated devices."""
