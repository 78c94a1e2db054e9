# shellcheck shell=sh
# What start.sh and bootstrap.sh share: the place-holders of users' passwords, and the client of the server, Valkey or Redis.

die() {
	echo "$0: $1" >&2
	exit 78
}

# filled copies users from stdin to stdout: without comments, which the server does not know, and with hashes of the passwords.
# shellcheck disable=SC2016 # the place-holders are meant as they stand
filled() {
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		'' | '#'*) continue ;;
		esac
		text=
		while :; do
			case $line in
			*'>${'*'}'*) ;;
			*) break ;;
			esac
			text=$text${line%%'>${'*}
			line=${line#*'>${'}
			name=${line%%'}'*}
			line=${line#*'}'}
			case $name in
			'' | [0-9]* | *[!A-Z0-9_]*) die "a place-holder is not a variable" ;;
			esac
			value=
			eval "value=\${$name-}"
			case $value in
			'') die "$name is not set" ;;
			'ENC[AES256_GCM,'*) die "$name is still SOPS-encrypted; the Secret was applied without decryption" ;;
			*[!A-Za-z0-9]*) die "$name may hold only letters and digits" ;;
			esac
			hash=$(printf %s "$value" | sha256sum)
			text="$text#${hash%% *}"
		done
		printf '%s\n' "$text$line"
	done
}

server=redis-server client=redis-cli
if command -v valkey-server >/dev/null 2>&1; then server=valkey-server client=valkey-cli; fi
