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
    float inner[256];
};
constant uint LANES = 256u;

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

float join(
    uint lane_1,
    float sum_1,
    threadgroup type_5& sums
) {
    uint half_ = 128u;
    sums.inner[metal::min(unsigned(lane_1), 255u)] = sum_1;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e20 = half_;
            half_ = naga_div(_e20, 2u);
        }
        loop_init = false;
        uint _e6 = half_;
        if (_e6 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e9 = half_;
            if (lane_1 < _e9) {
                float _e13 = sums.inner[metal::min(unsigned(lane_1), 255u)];
                uint _e15 = half_;
                float _e18 = sums.inner[metal::min(unsigned(lane_1 + _e15), 255u)];
                sums.inner[metal::min(unsigned(lane_1), 255u)] = _e13 + _e18;
            }
        }
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float all = sums.inner[0];
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    return all;
}

uint at(
    uint i_2,
    uint channel,
    constant Dims& dims
) {
    uint _e4 = dims.plane;
    uint _e5 = divide(i_2, _e4);
    uint _e8 = dims.channels;
    uint _e13 = dims.plane;
    uint _e18 = dims.plane;
    return ((((_e5 * _e8) + channel) * _e13) + i_2) - (_e5 * _e18);
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(256)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& x_2 [[buffer(1)]]
, device type_4& stat [[buffer(2)]]
, threadgroup type_5& sums
, constant _mslBufferSizes& _buffer_sizes [[buffer(3)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float sum = 0.0;
    uint i = {};
    float squares = 0.0;
    uint i_1 = {};
    uint _e3 = group_index(group, groups);
    uint _e6 = dims.channels;
    if (_e3 >= _e6) {
        return;
    }
    uint _e10 = dims.rows;
    uint _e13 = dims.plane;
    uint elements = _e10 * _e13;
    i = lane;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e27 = i;
            i = _e27 + LANES;
        }
        loop_init_1 = false;
        uint _e18 = i;
        if (_e18 < elements) {
        } else {
            break;
        }
        {
            float _e20 = sum;
            uint _e22 = i;
            uint _e23 = at(_e22, _e3, dims);
            float _e25 = x_2[metal::min(unsigned(_e23), (_buffer_sizes.size1 - 0 - 4) / 4)];
            sum = _e20 + _e25;
        }
    }
    float _e30 = sum;
    float _e31 = join(lane, _e30, sums);
    float mean = _e31 / static_cast<float>(elements);
    i_1 = lane;
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_2 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_2) {
            uint _e48 = i_1;
            i_1 = _e48 + LANES;
        }
        loop_init_2 = false;
        uint _e37 = i_1;
        if (_e37 < elements) {
        } else {
            break;
        }
        {
            uint _e40 = i_1;
            uint _e41 = at(_e40, _e3, dims);
            float _e43 = x_2[metal::min(unsigned(_e41), (_buffer_sizes.size1 - 0 - 4) / 4)];
            float off = _e43 - mean;
            float _e45 = squares;
            squares = _e45 + (off * off);
        }
    }
    float _e51 = squares;
    float _e52 = join(lane, _e51, sums);
    float variance = _e52 / static_cast<float>(elements);
    if (lane == 0u) {
        stat[metal::min(unsigned(_e3), (_buffer_sizes.size2 - 0 - 4) / 4)] = mean;
        uint _e62 = dims.channels;
        stat[metal::min(unsigned(_e62 + _e3), (_buffer_sizes.size2 - 0 - 4) / 4)] = variance;
        return;
    } else {
        return;
    }
}
