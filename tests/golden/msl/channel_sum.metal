// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
};

struct Dims {
    uint rows;
    uint channels;
    uint plane;
};
typedef float type_4[1];
struct type_5 {
    float inner[64];
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
uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& dy [[buffer(1)]]
, device type_4& sum [[buffer(2)]]
, threadgroup type_5& sums
, constant _mslBufferSizes& _buffer_sizes [[buffer(3)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float s = 0.0;
    uint i = {};
    uint half_ = 32u;
    uint _e3 = group_index(group, groups);
    uint _e6 = dims.channels;
    if (_e3 >= _e6) {
        return;
    }
    uint _e10 = dims.rows;
    uint _e13 = dims.plane;
    uint elements = _e10 * _e13;
    i = lane;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e45 = i;
            i = _e45 + LANES;
        }
        loop_init = false;
        uint _e18 = i;
        if (_e18 < elements) {
        } else {
            break;
        }
        {
            float _e20 = s;
            uint _e22 = i;
            uint _e25 = dims.plane;
            uint _e29 = dims.channels;
            uint _e34 = dims.plane;
            uint _e36 = i;
            uint _e39 = dims.plane;
            float _e43 = dy[metal::min(unsigned((((naga_div(_e22, _e25) * _e29) + _e3) * _e34) + naga_mod(_e36, _e39)), (_buffer_sizes.size1 - 0 - 4) / 4)];
            s = _e20 + _e43;
        }
    }
    float _e50 = s;
    sums.inner[metal::min(unsigned(lane), 63u)] = _e50;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e67 = half_;
            half_ = naga_div(_e67, 2u);
        }
        loop_init_1 = false;
        uint _e53 = half_;
        if (_e53 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e56 = half_;
            if (lane < _e56) {
                float _e60 = sums.inner[metal::min(unsigned(lane), 63u)];
                uint _e62 = half_;
                float _e65 = sums.inner[metal::min(unsigned(lane + _e62), 63u)];
                sums.inner[metal::min(unsigned(lane), 63u)] = _e60 + _e65;
            }
        }
    }
    if (lane == 0u) {
        float _e76 = sums.inner[0];
        sum[metal::min(unsigned(_e3), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e76;
        return;
    } else {
        return;
    }
}
