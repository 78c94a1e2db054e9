#!/bin/sh
# Gives a running server the users of users.acl, takes away those that are no longer in it, and has it save them for its next start.
# Nobody else notices. It may run again. Needs REDIS_HOST, REDIS_PORT, ADMIN_PASSWORD and the passwords of the users; REDIS_TLS are options of the client.
set -eu

here=${0%/*}
[ "$here" != "$0" ] || here=.
# shellcheck source=/dev/null
. "$here/fill.sh"
export REDISCLI_AUTH="$ADMIN_PASSWORD" VALKEYCLI_AUTH="$ADMIN_PASSWORD"

# ask COMMAND: the answer of the server; the command reaches the client by its standard input, where no other process sees it
ask() {
	# shellcheck disable=SC2086,SC2154 # options; of fill.sh
	printf '%s\n' "$1" | "$client" -h "$REDIS_HOST" -p "$REDIS_PORT" ${REDIS_TLS:-} --user admin --no-auth-warning
}

# must COMMAND: fails unless the server says OK
must() {
	answer=$(ask "$1")
	if [ "$answer" != OK ]; then
		echo "${1%% on *}: $answer" >&2
		exit 1
	fi
}

# at most five minutes
tries=0
until [ "$(ask ping)" = PONG ]; do
	tries=$((tries + 1))
	if [ "$tries" -ge 60 ]; then
		echo "no answer from $REDIS_HOST after 5 minutes" >&2
		exit 1
	fi
	sleep 5
done

users=$(filled <"$here/users.acl")
wanted=" default probe metrics admin "
while read -r _ name rest; do
	[ -n "$name" ] || continue
	must "ACL SETUSER $name reset $rest"
	wanted="$wanted$name "
done <<END
$users
END
for name in $(ask "ACL USERS"); do
	case $wanted in
	*" $name "*) ;;
	*) ask "ACL DELUSER $name" >/dev/null ;;
	esac
done
must "ACL SAVE"
