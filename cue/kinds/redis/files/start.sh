#!/bin/sh
# Starts the server, Valkey or Redis: with the users of server.acl, whose passwords the environment has, and with those that bootstrap.sh has given it.
# Names and rights stay open to review; of passwords, the disk has hashes. It runs anywhere, with options for the server behind it:
#     ADMIN_PASSWORD=... PROBE_PASSWORD=... sh start.sh --port 7000
# Its files are in DATA, or /data; where that is missing, a folder below the temporary directory takes its place.
set -eu
umask 077

here=${0%/*}
[ "$here" != "$0" ] || here=.
# shellcheck source=/dev/null
. "$here/fill.sh"
data=${DATA:-/data}
[ -d "$data" ] || data=$(mktemp -d)

# users.acl is as the server has saved it last, with the users of then
touch "$data/users.acl"
filled <"$here/server.acl" >"$data/users.acl.new"
while IFS= read -r line; do
	user=${line#user }
	case ${user%% *} in
	default | probe | metrics | admin) ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$data/users.acl" >>"$data/users.acl.new"
mv "$data/users.acl.new" "$data/users.acl"
exec "$server" "$here/redis.conf" --aclfile "$data/users.acl" --dir "$data" "$@"
