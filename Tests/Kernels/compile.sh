# Sourced by check.sh and emulate.sh: how the C kernels and their checks are compiled by themselves.

# The clang beside swift: the system's may be another, or none.
clang=${CLANG:-$(dirname "$(readlink -f "$(command -v swift)")")/clang}
out=.build/kernel-checks
mkdir -p "$out"
flags=(-std=gnu17 -Wall -Wextra -Werror -g -I Sources/CKernels/include)
libraries=(-fuse-ld=lld -lm -lpthread)

# compile NAME FLAG...: all sources, two at a time, into $out/NAME-*.o
compile() {
  local name=$1
  shift
  printf '%s\n' Sources/CKernels/*.c Tests/Kernels/check*.c Tests/Kernels/kernel_check.c |
    xargs -P "$(nproc)" -I{} sh -c '
      source=$1 prefix=$2
      shift 2
      exec "$@" -c "$source" -o "$prefix-$(basename "$source" .c).o"' \
      compile {} "$out/$name" "$clang" "${flags[@]}" "$@"
}
