#!/bin/sh
# compile.sh PACKAGE PROFILE ARCHITECTURE OUTPUT: builds for a container's architecture (amd64, arm64) on the
# build host's own. Runs inside the image of the build stage.
set -eu
package=$1 profile=$2 architecture=$3 output=$4
case $architecture in
    amd64) target=x86_64-unknown-linux-gnu linker=x86_64-linux-gnu-gcc compiler=gcc-x86-64-linux-gnu ;;
    arm64) target=aarch64-unknown-linux-gnu linker=aarch64-linux-gnu-gcc compiler=gcc-aarch64-linux-gnu ;;
    *) echo "compile.sh: no image is made for '$architecture'; amd64 and arm64 are known" >&2; exit 64 ;;
esac
if [ "$(dpkg --print-architecture)" != "$architecture" ]; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$compiler" "libc6-dev-$architecture-cross"
    rustup target add "$target"
fi
key=$(echo "$target" | tr 'a-z-' 'A-Z_')
export "CARGO_TARGET_${key}_LINKER=$linker" "CC_$(echo "$target" | tr - _)=$linker"
cargo build --locked --profile "$profile" --package "$package" --target "$target" --target-dir /tmp/target
cp "/tmp/target/$target/$profile/$package" "$output"
