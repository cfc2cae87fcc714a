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
    uint n;
    uint size;
    uint groups;
    uint mask;
};
typedef float type_4[1];
typedef metal::float4 type_6[1];
constant uint BIAS = 1u;
constant uint RELU = 2u;
constant uint MASK = 4u;

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

uint group_of(
    uint i,
    constant Dims& dims
) {
    uint _e3 = dims.size;
    uint _e4 = divide(i, _e3);
    uint _e7 = dims.groups;
    uint _e8 = divide(_e4, _e7);
    uint _e11 = dims.groups;
    return _e4 - (_e8 * _e11);
}

float relu(
    float x_2
) {
    bool local = {};
    uint bits = as_type<uint>(x_2);
    if (bits > 2147483648u) {
        local = bits <= 4286578688u;
    } else {
        local = false;
    }
    bool _e9 = local;
    return _e9 ? 0.0 : x_2;
}

float masked(
    float y,
    float dy
) {
    bool local_1 = {};
    uint bits_1 = as_type<uint>(y);
    if ((bits_1 - 1u) >= 2147483647u) {
        local_1 = bits_1 <= 4286578688u;
    } else {
        local_1 = false;
    }
    bool _e12 = local_1;
    return _e12 ? 0.0 : dy;
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& x_3 [[buffer(1)]]
, device type_4 const& dy_1 [[buffer(2)]]
, device type_6 const& coefficients [[buffer(3)]]
, device type_4& dx [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    float v = {};
    uint _e3 = group_index(group, groups);
    uint i_1 = (_e3 * 64u) + lane;
    uint _e9 = dims.n;
    if (i_1 >= _e9) {
        return;
    }
    uint _e12 = group_of(i_1, dims);
    metal::float4 k = coefficients[metal::min(unsigned(_e12), (_buffer_sizes.size3 - 0 - 16) / 16)];
    float _e18 = dy_1[metal::min(unsigned(i_1), (_buffer_sizes.size2 - 0 - 4) / 4)];
    float _e23 = x_3[metal::min(unsigned(i_1), (_buffer_sizes.size1 - 0 - 4) / 4)];
    v = k.x * ((_e18 - k.z) - ((_e23 - k.y) * k.w));
    uint _e33 = dims.mask;
    if (_e33 != 0u) {
        float _e38 = x_3[metal::min(unsigned(i_1), (_buffer_sizes.size1 - 0 - 4) / 4)];
        float _e39 = v;
        float _e40 = masked(_e38, _e39);
        v = _e40;
    }
    float _e43 = v;
    dx[metal::min(unsigned(i_1), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e43;
    return;
}
