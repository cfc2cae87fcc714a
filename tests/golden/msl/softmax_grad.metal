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
    uint rows;
    uint cols;
    uint log;
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


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& y [[buffer(1)]]
, device type_4 const& dy [[buffer(2)]]
, device type_4& dx [[buffer(3)]]
, threadgroup type_5& sums
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float sum = 0.0;
    uint c = {};
    uint half_ = 32u;
    uint c_1 = {};
    uint _e3 = group_index(group, groups);
    uint _e6 = dims.rows;
    if (_e3 >= _e6) {
        return;
    }
    uint _e10 = dims.cols;
    uint start = _e3 * _e10;
    c = lane;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e40 = c;
            c = _e40 + LANES;
        }
        loop_init = false;
        uint _e15 = c;
        uint _e18 = dims.cols;
        if (_e15 < _e18) {
        } else {
            break;
        }
        {
            float _e20 = sum;
            uint _e22 = c;
            float _e25 = dy[metal::min(unsigned(start + _e22), (_buffer_sizes.size2 - 0 - 4) / 4)];
            uint _e27 = c;
            float _e30 = y[metal::min(unsigned(start + _e27), (_buffer_sizes.size1 - 0 - 4) / 4)];
            uint _e33 = dims.log;
            sum = _e20 + (_e25 * ((_e33 != 0u) ? 1.0 : _e30));
        }
    }
    float _e45 = sum;
    sums.inner[metal::min(unsigned(lane), 63u)] = _e45;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e62 = half_;
            half_ = naga_div(_e62, 2u);
        }
        loop_init_1 = false;
        uint _e48 = half_;
        if (_e48 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e51 = half_;
            if (lane < _e51) {
                float _e55 = sums.inner[metal::min(unsigned(lane), 63u)];
                uint _e57 = half_;
                float _e60 = sums.inner[metal::min(unsigned(lane + _e57), 63u)];
                sums.inner[metal::min(unsigned(lane), 63u)] = _e55 + _e60;
            }
        }
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float total = sums.inner[0];
    c_1 = lane;
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_2 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_2) {
            uint _e99 = c_1;
            c_1 = _e99 + LANES;
        }
        loop_init_2 = false;
        uint _e69 = c_1;
        uint _e72 = dims.cols;
        if (_e69 < _e72) {
        } else {
            break;
        }
        {
            uint _e75 = c_1;
            float p = y[metal::min(unsigned(start + _e75), (_buffer_sizes.size1 - 0 - 4) / 4)];
            uint _e80 = c_1;
            float g = dy[metal::min(unsigned(start + _e80), (_buffer_sizes.size2 - 0 - 4) / 4)];
            uint _e85 = c_1;
            uint _e95 = dims.log;
            dx[metal::min(unsigned(start + _e85), (_buffer_sizes.size3 - 0 - 4) / 4)] = (_e95 != 0u) ? (g - (metal::exp(p) * total)) : (p * (g - total));
        }
    }
    return;
}
