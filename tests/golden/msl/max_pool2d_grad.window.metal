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
typedef uint type_6[1];
typedef metal::float2 type_8[1];

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
, device type_6 const& index [[buffer(2)]]
, device type_8& dx [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    metal::float2 v = {};
    metal::float2 v_1 = {};
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
    uint _e25 = dims.oh;
    uint _e26 = divide(_e22, _e25);
    uint _e29 = dims.oh;
    uint oy = _e22 - (_e26 * _e29);
    uint _e34 = dims.ow;
    uint ox = at_1 - (_e22 * _e34);
    uint _e41 = dims.ow;
    uint to = ((_e22 * 2u) * _e41) + ox;
    uint _e46 = index[metal::min(unsigned(at_1), (_buffer_sizes.size2 - 0 - 4) / 4)];
    uint _e51 = dims.w;
    uint winner = (_e46 - ((oy * 2u) * _e51)) - (ox * 2u);
    float d = dy[metal::min(unsigned(at_1), (_buffer_sizes.size1 - 0 - 4) / 4)];
    {
        uint _e63 = dims.w;
        uint _e73 = dims.w;
        v = metal::float2((winner == ((0u * _e63) + 0u)) ? d : 0.0, (winner == ((0u * _e73) + 1u)) ? d : 0.0);
        uint _e86 = dims.ow;
        metal::float2 _e90 = v;
        dx[metal::min(unsigned(to + (0u * _e86)), (_buffer_sizes.size4 - 0 - 8) / 8)] = _e90;
    }
    {
        uint _e94 = dims.w;
        uint _e104 = dims.w;
        v_1 = metal::float2((winner == ((1u * _e94) + 0u)) ? d : 0.0, (winner == ((1u * _e104) + 1u)) ? d : 0.0);
        uint _e117 = dims.ow;
        metal::float2 _e121 = v_1;
        dx[metal::min(unsigned(to + (1u * _e117)), (_buffer_sizes.size4 - 0 - 8) / 8)] = _e121;
        return;
    }
}
