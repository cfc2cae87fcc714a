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
    uint plane;
    uint channels;
    uint shift;
    float eps;
    uint relu;
};
typedef float type_4[1];
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
, device type_4 const& stat [[buffer(2)]]
, device type_4 const& affine [[buffer(3)]]
, device type_4& y_1 [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    float v = {};
    uint _e3 = group_index(group, groups);
    uint i_1 = (_e3 * 64u) + lane;
    uint _e9 = dims.n;
    if (i_1 >= _e9) {
        return;
    }
    uint _e11 = group_of(i_1, dims);
    float _e14 = x_3[metal::min(unsigned(i_1), (_buffer_sizes.size1 - 0 - 4) / 4)];
    float _e17 = stat[metal::min(unsigned(_e11), (_buffer_sizes.size2 - 0 - 4) / 4)];
    uint _e22 = dims.groups;
    float _e25 = stat[metal::min(unsigned(_e22 + _e11), (_buffer_sizes.size2 - 0 - 4) / 4)];
    float _e28 = dims.eps;
    v = (_e14 - _e17) / metal::sqrt(_e25 + _e28);
    uint _e35 = dims.shift;
    if (_e35 > 0u) {
        uint _e40 = dims.plane;
        uint _e41 = divide(i_1, _e40);
        uint _e44 = dims.channels;
        uint _e45 = divide(_e41, _e44);
        uint _e48 = dims.channels;
        uint channel = _e41 - (_e45 * _e48);
        float _e51 = v;
        float _e54 = affine[metal::min(unsigned(channel), (_buffer_sizes.size3 - 0 - 4) / 4)];
        uint _e59 = dims.shift;
        float _e62 = affine[metal::min(unsigned(_e59 + channel), (_buffer_sizes.size3 - 0 - 4) / 4)];
        v = (_e51 * _e54) + _e62;
    }
    uint _e66 = dims.relu;
    if (_e66 != 0u) {
        float _e69 = v;
        float _e70 = relu(_e69);
        v = _e70;
    }
    float _e73 = v;
    y_1[metal::min(unsigned(i_1), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e73;
    return;
}
