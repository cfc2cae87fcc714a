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
};
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

metal::float2 relu2_(
    metal::float2 x_2
) {
    metal::uint2 bits = as_type<metal::uint2>(x_2);
    return metal::select(x_2, metal::float2 {}, (bits > metal::uint2(2147483648u)) & (bits <= metal::uint2(4286578688u)));
}

metal::float2 masked2_(
    metal::float2 y,
    metal::float2 dy
) {
    metal::uint2 bits_1 = as_type<metal::uint2>(y);
    return metal::select(dy, metal::float2 {}, ((bits_1 - metal::uint2(1u)) >= metal::uint2(2147483647u)) & (bits_1 <= metal::uint2(4286578688u)));
}

metal::float4 relu4_(
    metal::float4 x_3
) {
    metal::uint4 bits_2 = as_type<metal::uint4>(x_3);
    return metal::select(x_3, metal::float4 {}, (bits_2 > metal::uint4(2147483648u)) & (bits_2 <= metal::uint4(4286578688u)));
}

metal::float4 masked4_(
    metal::float4 y_1,
    metal::float4 dy_1
) {
    metal::uint4 bits_3 = as_type<metal::uint4>(y_1);
    return metal::select(dy_1, metal::float4 {}, ((bits_3 - metal::uint4(1u)) >= metal::uint4(2147483647u)) & (bits_3 <= metal::uint4(4286578688u)));
}
uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_6 const& y_2 [[buffer(1)]]
, device type_6 const& dy_2 [[buffer(2)]]
, device type_6& dx [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    uint i = {};
    uint _e3 = group_index(group, groups);
    uint first = (_e3 * 64u) + lane;
    uint stride = (groups.x * groups.y) * 64u;
    i = first;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e32 = i;
            i = _e32 + stride;
        }
        loop_init = false;
        uint _e13 = i;
        uint _e16 = dims.n;
        if (_e13 < naga_div(_e16, 4u)) {
        } else {
            break;
        }
        {
            uint _e21 = i;
            uint _e24 = i;
            metal::float4 _e26 = y_2[metal::min(unsigned(_e24), (_buffer_sizes.size1 - 0 - 16) / 16)];
            uint _e28 = i;
            metal::float4 _e30 = dy_2[metal::min(unsigned(_e28), (_buffer_sizes.size2 - 0 - 16) / 16)];
            metal::float4 _e31 = masked4_(_e26, _e30);
            dx[metal::min(unsigned(_e21), (_buffer_sizes.size3 - 0 - 16) / 16)] = _e31;
        }
    }
    return;
}
