#!/bin/sh
# Puts the passwords of the environment into the place-holders of users.acl and starts the server, Valkey or Redis.
# Names and rights stay open to review, passwords are on no disk. It runs anywhere, with options for the server behind it:
#     PROBE_PASSWORD=... sh start.sh --port 7000
# Outside of the cluster, where /run/redis and /data are missing, folders below the temporary directory take their place.
set -eu
umask 077

die() {
	echo "start.sh: $1" >&2
	exit 78
}

# fill copies users from stdin to stdout: without comments, which the server does not know, and with passwords.
# shellcheck disable=SC2016 # the place-holders are meant as they stand
fill() {
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		'' | '#'*) continue ;;
		esac
		filled=
		while :; do
			case $line in
			*'${'*'}'*) ;;
			*) break ;;
			esac
			filled=$filled${line%%'${'*}
			line=${line#*'${'}
			name=${line%%'}'*}
			line=${line#*'}'}
			case $name in
			'' | [0-9]* | *[!A-Z0-9_]*) die "users.acl has a place-holder that is no variable" ;;
			esac
			value=
			eval "value=\${$name-}"
			case $value in
			'') die "$name is not set" ;;
			'ENC[AES256_GCM,'*) die "$name is still SOPS-encrypted; the Secret was applied without decryption" ;;
			*[!A-Za-z0-9]*) die "$name may hold only letters and digits" ;;
			esac
			filled=$filled$value
		done
		printf '%s\n' "$filled$line"
	done
}

here=${0%/*}
[ "$here" != "$0" ] || here=.
run=/run/redis
[ -d "$run" ] || run=$(mktemp -d)
data=/data
[ -d "$data" ] || data=$(mktemp -d)

server=redis-server
if command -v valkey-server >/dev/null 2>&1; then server=valkey-server; fi

fill <"$here/users.acl" >"$run/users.acl"
exec "$server" "$here/redis.conf" --aclfile "$run/users.acl" --dir "$data" "$@"
