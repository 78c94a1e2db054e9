#!/bin/sh
# A new user's first hour, command by command, with `platc` and `git` from the PATH and what the user types from files/: an architecture of eight
# components, a mistake of each kind, code of one's own, a change that is reviewed, and, where a Docker Engine runs and HOUR_UP is set, all of it in containers.
# It works in the current folder.
set -eu
files=$(cd "$(dirname "$0")" && pwd)/files
export GIT_AUTHOR_NAME=ann GIT_AUTHOR_EMAIL=ann@example.com GIT_COMMITTER_NAME=ann GIT_COMMITTER_EMAIL=ann@example.com

step() { echo "hour: $*"; }
failed() {
    echo "hour: $*" >&2
    exit 1
}
says() { # TEXT FILE: the file has the text
    grep -q -e "$1" "$2" || failed "no \"$1\" in what was printed: $(cat "$2")"
}

step "an architecture that works at once"
platc init shop
cd shop
git init --quiet --initial-branch main .
platc build --quiet
platc build --quiet --check

step "eight components"
cp "$files/arch.cue" arch.cue
rm -rf out
platc check >../summary 2>../printed
says '^shop: 8 components, ' ../summary
platc build --quiet
git add . && git commit --quiet -m "The shop"

# Each file adds one mistake. Its name has the code that the user has to see, and what is printed has a place in the user's files and a way out.
step "a mistake of each kind"
for mistake in "$files"/mistakes/*.cue; do
    code=$(basename "$mistake" .cue)
    code=${code%%_*}
    cp "$mistake" mistake.cue
    ! platc build >../printed 2>&1 || failed "$(basename "$mistake"): it was built"
    says "^error\[$code\]: " ../printed
    says '^ *--> [a-z]*\.cue:[0-9]*:[0-9]*$' ../printed
    says ' *= help: \|see .platc explain ' ../printed
    [ "$(grep -c '^error' ../printed)" -eq 1 ] || failed "$(basename "$mistake"): one mistake is several errors: $(cat ../printed)"
    platc explain "$code" >../printed
    says '^Fix$' ../printed
    rm mistake.cue
done
[ -z "$(git status --short)" ] || failed "a mistake wrote something: $(git status --short)"

step "an edit of what is generated"
echo '# mine' >>out/orders/Dockerfile
! platc build --quiet 2>../printed || failed "the edit is gone"
says '^error\[E0501\]: ' ../printed
git checkout --quiet out

step "code of one's own"
cp -R "$files/code" code
cp "$files/code.cue" .
platc build --quiet
cmp code/app/__init__.py out/orders/app/__init__.py
platc why orders router >../printed
says '^orders has the seam router$' ../printed
git add . && git commit --quiet -m "Take orders"

if [ -n "${HOUR_UP:-}" ]; then
    step "all of it in containers"
    platc up >../up
    cat ../up
    orders=$(sed -n 's/^orders .*\(127\.0\.0\.1:[0-9]*\).*/\1/p' ../up)
    curl -fsS -m 10 "http://$orders/ready?all=1" >/dev/null
    curl -fsS -m 10 -X POST "http://$orders/orders/book" >../printed
    says book ../printed
    platc down --volumes
fi

step "a change, reviewed"
git switch --quiet --create open
cp "$files/change.cue" .
code=0
platc diff --semantic --against main >../printed || code=$?
[ "$code" -eq 3 ] || failed "diff ended with $code, not 3"
says '^widening access .*orders: reached from internet' ../printed
says '^breaking .*events/queue/placed: access: readwrite -> write' ../printed
platc diff --semantic --against main --format markdown >../printed || true
says '^|' ../printed
platc impact db >../printed
says '^stock ' ../printed
platc exposure >../printed
says '^orders  *internet' ../printed
platc build --quiet
git add . && git commit --quiet -m "Open the shop"

step "data is not left behind"
sed -e 's/orders: {}, stock: {}/orders: {}/' -e 's|"db/stock": {}|"db/orders": {}|' "$files/arch.cue" >arch.cue
! platc build --quiet 2>../printed || failed "a database was left behind without a word"
says '^error\[E0504\]: ' ../printed
git checkout --quiet arch.cue
platc build --quiet --check
step "the hour is over"
