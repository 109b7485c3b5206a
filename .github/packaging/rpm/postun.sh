if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || :
	if [ "$1" -ge 1 ]; then systemctl try-restart handset.service || :; fi
fi
# A deactivated phone has to stay off, so the registry is not deleted without being asked to.
if [ "$1" -eq 0 ] && [ -e /var/lib/handset ]; then
	echo "The database of Handset and its seal key are still in /var/lib/handset. To delete them: rm -r /var/lib/handset"
fi
