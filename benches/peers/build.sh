#!/usr/bin/env bash
# Builds the Rust peers: ./build.sh [variant…]; binaries land in target/bin/<variant>/. burn takes about 15 minutes a variant on
# two cores; `host` (its CPU backends), `wgpu-fusion` and `candle` matter most.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
variants=("$@")
[ $# -gt 0 ] || variants=(candle host wgpu-fusion)

build() { # variant, package, features
    mkdir -p "target/bin/$1"
    (cd "$2" && CARGO_TARGET_DIR="$here/target/$2" cargo build --release --locked --no-default-features --features "$3")
    cp "target/$2/release/peer-$2" "target/bin/$1/"
    echo "built target/bin/$1/peer-$2"
}

for variant in "${variants[@]}"; do
    case $variant in
        candle) build candle candle "" ;;
        # x86-v4 gives burn's gemm AVX-512, where the processor has it.
        host) build host burn "b-flex,b-ndarray,burn/simd,burn/rayon,burn/x86-v4" ;;
        wgpu-fusion) build wgpu-fusion burn "b-wgpu,fusion,autotune" ;;
        wgpu-nofusion) build wgpu-nofusion burn "b-wgpu,autotune" ;;
        vulkan-fusion) build vulkan-fusion burn "b-wgpu,b-vulkan,fusion,autotune" ;;
        *) echo "unknown variant $variant; there are candle host wgpu-fusion wgpu-nofusion vulkan-fusion" >&2; exit 2 ;;
    esac
done
