// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
    uint size3;
    uint size4;
};

struct Dims {
    uint groups;
    uint elements;
    uint shift;
    uint weighted;
    float eps;
};
typedef float type_4[1];
typedef metal::float4 type_6[1];

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
, device type_4 const& stat [[buffer(1)]]
, device type_4 const& sums [[buffer(2)]]
, device type_4 const& affine [[buffer(3)]]
, device type_6& coefficients [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    float weight = 1.0;
    uint _e3 = group_index(group, groups);
    uint g = (_e3 * 64u) + lane;
    uint _e9 = dims.groups;
    if (g >= _e9) {
        return;
    }
    uint _e14 = dims.groups;
    float _e17 = stat[metal::min(unsigned(_e14 + g), (_buffer_sizes.size1 - 0 - 4) / 4)];
    float _e20 = dims.eps;
    float scale = 1.0 / metal::sqrt(_e17 + _e20);
    uint _e29 = dims.weighted;
    if (_e29 != 0u) {
        float _e34 = affine[metal::min(unsigned(g), (_buffer_sizes.size3 - 0 - 4) / 4)];
        weight = _e34;
    }
    uint _e37 = dims.elements;
    float m = static_cast<float>(_e37);
    float _e41 = weight;
    float _e45 = stat[metal::min(unsigned(g), (_buffer_sizes.size1 - 0 - 4) / 4)];
    uint _e49 = dims.shift;
    float _e52 = sums[metal::min(unsigned(_e49 + g), (_buffer_sizes.size2 - 0 - 4) / 4)];
    float _e56 = sums[metal::min(unsigned(g), (_buffer_sizes.size2 - 0 - 4) / 4)];
    coefficients[metal::min(unsigned(g), (_buffer_sizes.size4 - 0 - 16) / 16)] = metal::float4(_e41 * scale, _e45, _e52 / m, (scale * _e56) / m);
    return;
}
