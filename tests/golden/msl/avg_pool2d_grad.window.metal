// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
    uint size3;
};

struct Dims {
    uint planes;
    uint h;
    uint w;
    uint oh;
    uint ow;
    uint kh;
    uint kw;
    uint stride_h;
    uint stride_w;
    uint padding_h;
    uint padding_w;
    uint count_include_pad;
    uint mask;
};
typedef float type_5[1];
typedef metal::float2 type_7[1];

uint group_index(
    metal::uint3 group_1,
    metal::uint3 groups_1
) {
    return group_1.x + (group_1.y * groups_1.x);
}

bool is_nan(
    float x
) {
    return (as_type<uint>(x) & 2147483647u) > 2139095040u;
}

bool is_non_finite(
    float x_1
) {
    return (as_type<uint>(x_1) & 2147483647u) >= 2139095040u;
}

uint naga_f2u32(float value) {
    return static_cast<uint>(metal::clamp(value, 0.0, 4294967000.0));
}

int naga_f2i32(float value) {
    return static_cast<int>(metal::clamp(value, -2147483600.0, 2147483500.0));
}

uint divide(
    uint a,
    uint b
) {
    float per_b = 1.0 / static_cast<float>(b);
    uint near = naga_f2u32(static_cast<float>(a) * per_b);
    float rest = static_cast<float>(static_cast<int>(a - (near * b)));
    uint q = near + static_cast<uint>(naga_f2i32(metal::floor((rest + 0.5) * per_b)));
    int over = static_cast<int>(a - (q * b));
    return (q + ((over >= static_cast<int>(b)) ? 1u : 0u)) - ((over < 0) ? 1u : 0u);
}

metal::uint2 window(
    uint o,
    uint stride,
    uint k,
    uint padding,
    uint size
) {
    uint start = o * stride;
    return metal::uint2(metal::max(start, padding) - padding, metal::min(metal::max(start + k, padding) - padding, size));
}

metal::uint2 covering(
    uint i,
    uint stride_1,
    uint k_1,
    uint padding_1,
    uint outputs
) {
    uint at = i + padding_1;
    uint _e14 = divide(((at - metal::min(at, k_1 - 1u)) + stride_1) - 1u, stride_1);
    uint first = (at >= k_1) ? _e14 : 0u;
    uint _e17 = divide(at, stride_1);
    return metal::uint2(first, metal::min(_e17 + 1u, outputs));
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& dy [[buffer(1)]]
, device type_7& dx [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    uint _e3 = group_index(group, groups);
    uint at_1 = (_e3 * 64u) + lane;
    uint _e9 = dims.planes;
    uint _e12 = dims.oh;
    uint _e16 = dims.ow;
    if (at_1 >= ((_e9 * _e12) * _e16)) {
        return;
    }
    uint _e21 = dims.ow;
    uint _e22 = divide(at_1, _e21);
    uint _e27 = dims.ow;
    uint _e32 = dims.ow;
    uint to = (((_e22 * 2u) * _e27) + at_1) - (_e22 * _e32);
    float _e37 = dy[metal::min(unsigned(at_1), (_buffer_sizes.size1 - 0 - 4) / 4)];
    metal::float2 share = metal::float2(_e37 / 4.0);
    uint _e45 = dims.ow;
    dx[metal::min(unsigned(to + (0u * _e45)), (_buffer_sizes.size3 - 0 - 8) / 8)] = share;
    uint _e53 = dims.ow;
    dx[metal::min(unsigned(to + (1u * _e53)), (_buffer_sizes.size3 - 0 - 8) / 8)] = share;
    return;
}
