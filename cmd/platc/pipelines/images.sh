# what each component is built from is in the tag of its image: one that images.json names already is not built again
platc image list --json >images.tmp
jq -r '[.images[] | select(.built != "")] | unique_by(.component)[] | [.component, .built, .image] | @tsv' images.tmp >images.tsv
while IFS="$(printf '\t')" read -r component built image; do
  case $image in "$built"@*) continue ;; esac
  platc image context "$component" -o context.tar
  # for a service with another build.dockerfile, add --file
  docker buildx build --push --provenance=false --tag "$built" --metadata-file built.json - <context.tar
  digest=$(jq -r '."containerimage.digest"' built.json)
  platc image set "$component" "${built##*:}@$digest"
done <images.tsv
rm -f images.tmp images.tsv context.tar built.json
