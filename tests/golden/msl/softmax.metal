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
    uint cols;
    uint log;
};
typedef float type_4[1];
struct type_5 {
    float inner[64];
};
struct type_7 {
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
, device type_4 const& x_2 [[buffer(1)]]
, device type_4& y [[buffer(2)]]
, threadgroup type_5& tops
, threadgroup type_7& sums
, constant _mslBufferSizes& _buffer_sizes [[buffer(3)]]
) {
    if (lane == 0u) {
        tops = {};
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float most = {};
    uint c = {};
    uint half_ = 32u;
    metal::float2 sum = metal::float2 {};
    uint c_1 = {};
    uint half_1 = 32u;
    uint c_2 = {};
    uint _e3 = group_index(group, groups);
    uint _e6 = dims.rows;
    if (_e3 >= _e6) {
        return;
    }
    uint _e10 = dims.cols;
    uint start = _e3 * _e10;
    float _e14 = x_2[metal::min(unsigned(start), (_buffer_sizes.size1 - 0 - 4) / 4)];
    most = _e14;
    c = lane;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e29 = c;
            c = _e29 + LANES;
        }
        loop_init = false;
        uint _e17 = c;
        uint _e20 = dims.cols;
        if (_e17 < _e20) {
        } else {
            break;
        }
        {
            float _e22 = most;
            uint _e24 = c;
            float _e27 = x_2[metal::min(unsigned(start + _e24), (_buffer_sizes.size1 - 0 - 4) / 4)];
            most = metal::max(_e22, _e27);
        }
    }
    float _e34 = most;
    tops.inner[metal::min(unsigned(lane), 63u)] = _e34;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e53 = half_;
            half_ = naga_div(_e53, 2u);
        }
        loop_init_1 = false;
        uint _e37 = half_;
        if (_e37 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e40 = half_;
            if (lane < _e40) {
                float _e46 = tops.inner[metal::min(unsigned(lane), 63u)];
                uint _e48 = half_;
                float _e51 = tops.inner[metal::min(unsigned(lane + _e48), 63u)];
                tops.inner[metal::min(unsigned(lane), 63u)] = metal::max(_e46, _e51);
            }
        }
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float top = tops.inner[0];
    c_1 = lane;
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_2 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_2) {
            uint _e78 = c_1;
            c_1 = _e78 + LANES;
        }
        loop_init_2 = false;
        uint _e62 = c_1;
        uint _e65 = dims.cols;
        if (_e62 < _e65) {
        } else {
            break;
        }
        {
            uint _e68 = c_1;
            float v = x_2[metal::min(unsigned(start + _e68), (_buffer_sizes.size1 - 0 - 4) / 4)];
            metal::float2 _e72 = sum;
            sum = _e72 + metal::float2(metal::exp(v - top), top - v);
        }
    }
    metal::float2 _e83 = sum;
    sums.inner[metal::min(unsigned(lane), 63u)] = _e83;
    uint2 loop_bound_3 = uint2(4294967295u);
    bool loop_init_3 = true;
    while(true) {
        if (metal::all(loop_bound_3 == uint2(0u))) { break; }
        loop_bound_3 -= uint2(loop_bound_3.y == 0u, 1u);
        if (!loop_init_3) {
            uint _e100 = half_1;
            half_1 = naga_div(_e100, 2u);
        }
        loop_init_3 = false;
        uint _e86 = half_1;
        if (_e86 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e89 = half_1;
            if (lane < _e89) {
                metal::float2 _e93 = sums.inner[metal::min(unsigned(lane), 63u)];
                uint _e95 = half_1;
                metal::float2 _e98 = sums.inner[metal::min(unsigned(lane + _e95), 63u)];
                sums.inner[metal::min(unsigned(lane), 63u)] = _e93 + _e98;
            }
        }
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float _e106 = sums.inner[0].y;
    float _e110 = sums.inner[0].y;
    bool _e111 = is_nan(_e110);
    float lost = _e111 ? _e106 : 0.0;
    float _e117 = sums.inner[0].x;
    float total = _e117 + lost;
    float spread = metal::log(total) + lost;
    c_2 = lane;
    uint2 loop_bound_4 = uint2(4294967295u);
    bool loop_init_4 = true;
    while(true) {
        if (metal::all(loop_bound_4 == uint2(0u))) { break; }
        loop_bound_4 -= uint2(loop_bound_4.y == 0u, 1u);
        if (!loop_init_4) {
            uint _e146 = c_2;
            c_2 = _e146 + LANES;
        }
        loop_init_4 = false;
        uint _e122 = c_2;
        uint _e125 = dims.cols;
        if (_e122 < _e125) {
        } else {
            break;
        }
        {
            uint _e128 = c_2;
            float _e131 = x_2[metal::min(unsigned(start + _e128), (_buffer_sizes.size1 - 0 - 4) / 4)];
            float v_1 = _e131 - top;
            uint _e134 = c_2;
            uint _e142 = dims.log;
            y[metal::min(unsigned(start + _e134), (_buffer_sizes.size2 - 0 - 4) / 4)] = (_e142 != 0u) ? (v_1 - spread) : (metal::exp(v_1) / total);
        }
    }
    return;
}
