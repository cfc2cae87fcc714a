// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
};

struct Dims {
    uint batch;
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

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& x_2 [[buffer(1)]]
, device type_4& y [[buffer(2)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(3)]]
) {
    uint _e3 = group_index(group, groups);
    uint at = (_e3 * 64u) + lane;
    uint _e9 = dims.rows;
    uint _e12 = dims.cols;
    uint size = _e9 * _e12;
    uint _e16 = dims.batch;
    if (at >= (_e16 * size)) {
        return;
    }
    uint _e19 = divide(at, size);
    uint inside = at - (_e19 * size);
    uint _e24 = dims.rows;
    uint _e25 = divide(inside, _e24);
    uint _e28 = dims.rows;
    uint i = inside - (_e25 * _e28);
    uint _e37 = dims.cols;
    float _e42 = x_2[metal::min(unsigned(((_e19 * size) + (i * _e37)) + _e25), (_buffer_sizes.size1 - 0 - 4) / 4)];
    y[metal::min(unsigned(at), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e42;
    return;
}
