"""Setting up without code: devices and their values, machines, bearings; every act can be taken back."""
