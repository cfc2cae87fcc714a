// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
};

struct Norm {
    metal::float4 squares;
    metal::float4 bad;
};
struct Dims {
    uint n;
    uint parts;
};
typedef metal::ulong4 type_11[1];
typedef float type_12[1];
struct type_13 {
    metal::float2 inner[32];
};
constant uint LANES = 32u;

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

Norm plus(
    Norm norm_1,
    metal::float4 x_2
) {
    metal::bool4 finite = (as_type<metal::uint4>(x_2) & metal::uint4(2147483647u)) < metal::uint4(2139095040u);
    return Norm {norm_1.squares + metal::select(metal::float4 {}, x_2 * x_2, finite), norm_1.bad + metal::select(metal::float4(1.0), metal::float4 {}, finite)};
}

metal::float2 total(
    Norm norm_2
) {
    metal::float4 s = norm_2.squares;
    metal::float4 b_1 = norm_2.bad;
    return metal::float2((norm_2.squares.x + norm_2.squares.y) + (norm_2.squares.z + norm_2.squares.w), (norm_2.bad.x + norm_2.bad.y) + (norm_2.bad.z + norm_2.bad.w));
}

metal::float4 four(
    metal::ulong2 x_3
) {
    metal::uint2 low = static_cast<metal::uint2>(x_3);
    metal::uint2 high = static_cast<metal::uint2>(x_3 >> metal::uint2(32u));
    return as_type<metal::float4>(metal::uint4(low.x, high.x, low.y, high.y));
}

metal::float2 two(
    ulong x_4
) {
    return as_type<metal::float2>(metal::uint2(static_cast<uint>(x_4), static_cast<uint>(x_4 >> 32u)));
}

metal::ulong2 pair(
    metal::float4 x_5
) {
    metal::uint4 bits = as_type<metal::uint4>(x_5);
    return static_cast<metal::ulong2>(bits.xz) | (static_cast<metal::ulong2>(bits.yw) << metal::uint2(32u));
}
uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(32)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_11 const& grad [[buffer(1)]]
, device type_12& part [[buffer(2)]]
, threadgroup type_13& sums
, constant _mslBufferSizes& _buffer_sizes [[buffer(3)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    Norm norm = Norm {};
    uint i = {};
    uint half_ = 16u;
    uint _e3 = group_index(group, groups);
    uint _e6 = dims.parts;
    if (_e3 >= _e6) {
        return;
    }
    i = (_e3 * LANES) + lane;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e32 = i;
            uint _e36 = dims.parts;
            i = _e32 + (LANES * _e36);
        }
        loop_init = false;
        uint _e14 = i;
        uint _e17 = dims.n;
        if (_e14 < naga_div(_e17, 8u)) {
        } else {
            break;
        }
        {
            uint _e22 = i;
            metal::ulong4 x_6 = grad[metal::min(unsigned(_e22), (_buffer_sizes.size1 - 0 - 32) / 32)];
            Norm _e25 = norm;
            metal::float4 _e27 = four(x_6.xy);
            Norm _e28 = plus(_e25, _e27);
            metal::float4 _e30 = four(x_6.zw);
            Norm _e31 = plus(_e28, _e30);
            norm = _e31;
        }
    }
    Norm _e41 = norm;
    metal::float2 _e42 = total(_e41);
    sums.inner[metal::min(unsigned(lane), 31u)] = _e42;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e59 = half_;
            half_ = naga_div(_e59, 2u);
        }
        loop_init_1 = false;
        uint _e45 = half_;
        if (_e45 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e48 = half_;
            if (lane < _e48) {
                metal::float2 _e52 = sums.inner[metal::min(unsigned(lane), 31u)];
                uint _e54 = half_;
                metal::float2 _e57 = sums.inner[metal::min(unsigned(lane + _e54), 31u)];
                sums.inner[metal::min(unsigned(lane), 31u)] = _e52 + _e57;
            }
        }
    }
    if (lane == 0u) {
        float _e71 = sums.inner[0].x;
        part[metal::min(unsigned(2u * _e3), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e71;
        float _e81 = sums.inner[0].y;
        part[metal::min(unsigned((2u * _e3) + 1u), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e81;
        return;
    } else {
        return;
    }
}
