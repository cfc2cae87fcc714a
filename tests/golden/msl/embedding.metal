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
    uint n;
    uint rows;
    uint cols;
};
typedef float type_4[1];

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

uint row_of(
    float index,
    constant Dims& dims
) {
    uint _e7 = dims.rows;
    return metal::min(naga_f2u32(metal::clamp(index, 0.0, 16777216.0)), _e7 - 1u);
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& index_1 [[buffer(1)]]
, device type_4 const& weight [[buffer(2)]]
, device type_4& y [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    uint _e3 = group_index(group, groups);
    uint at = (_e3 * 64u) + lane;
    uint _e9 = dims.n;
    uint _e12 = dims.cols;
    if (at >= (_e9 * _e12)) {
        return;
    }
    uint _e17 = dims.cols;
    uint _e18 = divide(at, _e17);
    float _e24 = index_1[metal::min(unsigned(_e18), (_buffer_sizes.size1 - 0 - 4) / 4)];
    uint _e25 = row_of(_e24, dims);
    uint _e28 = dims.cols;
    uint _e33 = dims.cols;
    float _e37 = weight[metal::min(unsigned(((_e25 * _e28) + at) - (_e18 * _e33)), (_buffer_sizes.size2 - 0 - 4) / 4)];
    y[metal::min(unsigned(at), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e37;
    return;
}
