"""Everything that is kept: the plant, alarms and acts, history, waveforms. ``storage.store`` is the door."""
