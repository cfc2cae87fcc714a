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
typedef metal::float4 type_6[1];
typedef float type_7[1];
struct type_8 {
    metal::float2 inner[64];
};
constant uint LANES = 64u;

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
, device type_6 const& grad [[buffer(1)]]
, device type_7& part [[buffer(2)]]
, threadgroup type_8& sums
, constant _mslBufferSizes& _buffer_sizes [[buffer(3)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    Norm norm = Norm {};
    uint i = {};
    uint half_ = 32u;
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
            uint _e27 = i;
            uint _e31 = dims.parts;
            i = _e27 + (LANES * _e31);
        }
        loop_init = false;
        uint _e14 = i;
        uint _e17 = dims.n;
        if (_e14 < naga_div(_e17, 4u)) {
        } else {
            break;
        }
        {
            Norm _e21 = norm;
            uint _e23 = i;
            metal::float4 _e25 = grad[metal::min(unsigned(_e23), (_buffer_sizes.size1 - 0 - 16) / 16)];
            Norm _e26 = plus(_e21, _e25);
            norm = _e26;
        }
    }
    Norm _e36 = norm;
    metal::float2 _e37 = total(_e36);
    sums.inner[metal::min(unsigned(lane), 63u)] = _e37;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e54 = half_;
            half_ = naga_div(_e54, 2u);
        }
        loop_init_1 = false;
        uint _e40 = half_;
        if (_e40 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e43 = half_;
            if (lane < _e43) {
                metal::float2 _e47 = sums.inner[metal::min(unsigned(lane), 63u)];
                uint _e49 = half_;
                metal::float2 _e52 = sums.inner[metal::min(unsigned(lane + _e49), 63u)];
                sums.inner[metal::min(unsigned(lane), 63u)] = _e47 + _e52;
            }
        }
    }
    if (lane == 0u) {
        float _e66 = sums.inner[0].x;
        part[metal::min(unsigned(2u * _e3), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e66;
        float _e76 = sums.inner[0].y;
        part[metal::min(unsigned((2u * _e3) + 1u), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e76;
        return;
    } else {
        return;
    }
}
