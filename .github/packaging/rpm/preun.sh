if [ "$1" -eq 0 ]; then
	[ ! -x /usr/bin/systemctl ] || systemctl --no-reload disable handset.service || :
	[ ! -d /run/systemd/system ] || systemctl stop handset.service || :
fi
