#!/bin/sh
# Rebuilds the test modules in this directory; see README.md.
set -eu
cd "$(dirname "$0")"
flags="-std=gnu11 -ffreestanding -mcmodel=kernel -fno-pie -fno-pic -mno-red-zone -mno-sse -O2 -fcf-protection=none
  -fno-asynchronous-unwind-tables -fno-stack-protector -ffile-prefix-map=$PWD=testfiles -Wall -Werror"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
build() { # name, extra flags, sources
	name=$1 extra=$2
	shift 2
	objects=
	for source in "$@"; do
		# shellcheck disable=SC2086
		gcc $flags $extra -c "$source" -o "$out/$name-$source.o"
		objects="$objects $out/$name-$source.o"
	done
	# shellcheck disable=SC2086
	ld -r -o "$name.ko" $objects
}
build mini "-fno-common -g0" mini.c mini.mod.c
mv mini.ko mini-nodebug.ko
build mini "-fno-common -g -gdwarf-5" mini.c mini.mod.c
build full "-fno-common -g -gdwarf-5" full.c helper.c full.mod.c
mv full.ko full-dwarf5.ko
build full "-fno-common -g -gdwarf-4" full.c helper.c full.mod.c
mv full.ko full-dwarf4.ko
objcopy --compress-debug-sections=zlib-gabi full-dwarf5.ko full-gz.ko
build common "-fcommon -g -gdwarf-5" common.c common.mod.c
gcc $flags -fno-common -fpic -mcmodel=small -DGOT -c got.c -o got.ko
strip --strip-all -o stripped.ko mini-nodebug.ko
