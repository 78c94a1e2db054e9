git add --all out
[ ! -f images.json ] || git add images.json
git diff --cached --quiet && exit 0
git -c user.name=platc -c user.email=platc@localhost commit --message "Deploy the images of $(git rev-parse --short HEAD)"
