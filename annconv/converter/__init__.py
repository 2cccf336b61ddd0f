"""The public API: functions, and the drop-in replacement for ANNarchy's converter."""
