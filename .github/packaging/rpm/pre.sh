# The configuration file belongs to this group, so that it has to be there before the files.
getent group handset >/dev/null || groupadd -r handset
getent passwd handset >/dev/null ||
	useradd -r -g handset -d /var/lib/handset -M -s /usr/sbin/nologin -c "Handset phones service" handset
