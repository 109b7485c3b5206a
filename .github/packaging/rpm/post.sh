if [ -d /run/systemd/system ]; then systemctl daemon-reload || :; fi
# Whether a new service is enabled is for the distribution's presets to say.
if [ "$1" -eq 1 ] && [ -x /usr/bin/systemctl ]; then systemctl --no-reload preset handset.service || :; fi
