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
    uint rows;
    uint channels;
    uint plane;
    uint size;
    uint groups;
    uint shift;
    float eps;
};
typedef float type_4[1];
struct type_6 {
    metal::float2 inner[256];
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
uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(256)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& x_2 [[buffer(1)]]
, device type_4 const& stat [[buffer(2)]]
, device type_4 const& dy [[buffer(3)]]
, device type_4& sums [[buffer(4)]]
, threadgroup type_6& partial
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    if (lane == 0u) {
        partial = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    metal::float2 sum = metal::float2 {};
    uint e = {};
    uint half_ = 128u;
    uint _e3 = group_index(group, groups);
    uint _e6 = dims.channels;
    if (_e3 >= _e6) {
        return;
    }
    uint _e10 = dims.rows;
    uint _e13 = dims.plane;
    uint elements = _e10 * _e13;
    e = lane;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e72 = e;
            e = _e72 + LANES;
        }
        loop_init = false;
        uint _e18 = e;
        if (_e18 < elements) {
        } else {
            break;
        }
        {
            uint _e20 = e;
            uint _e23 = dims.plane;
            uint _e24 = divide(_e20, _e23);
            uint _e27 = dims.channels;
            uint _e32 = dims.plane;
            uint _e34 = e;
            uint _e38 = dims.plane;
            uint i_1 = ((((_e24 * _e27) + _e3) * _e32) + _e34) - (_e24 * _e38);
            uint _e41 = group_of(i_1, dims);
            float _e44 = x_2[metal::min(unsigned(i_1), (_buffer_sizes.size1 - 0 - 4) / 4)];
            float _e47 = stat[metal::min(unsigned(_e41), (_buffer_sizes.size2 - 0 - 4) / 4)];
            uint _e52 = dims.groups;
            float _e55 = stat[metal::min(unsigned(_e52 + _e41), (_buffer_sizes.size2 - 0 - 4) / 4)];
            float _e58 = dims.eps;
            float normal = (_e44 - _e47) / metal::sqrt(_e55 + _e58);
            metal::float2 _e62 = sum;
            float _e65 = dy[metal::min(unsigned(i_1), (_buffer_sizes.size3 - 0 - 4) / 4)];
            float _e69 = dy[metal::min(unsigned(i_1), (_buffer_sizes.size3 - 0 - 4) / 4)];
            sum = _e62 + metal::float2(_e65 * normal, _e69);
        }
    }
    metal::float2 _e77 = sum;
    partial.inner[metal::min(unsigned(lane), 255u)] = _e77;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e94 = half_;
            half_ = naga_div(_e94, 2u);
        }
        loop_init_1 = false;
        uint _e80 = half_;
        if (_e80 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e83 = half_;
            if (lane < _e83) {
                metal::float2 _e87 = partial.inner[metal::min(unsigned(lane), 255u)];
                uint _e89 = half_;
                metal::float2 _e92 = partial.inner[metal::min(unsigned(lane + _e89), 255u)];
                partial.inner[metal::min(unsigned(lane), 255u)] = _e87 + _e92;
            }
        }
    }
    if (lane == 0u) {
        float _e104 = partial.inner[0].x;
        sums[metal::min(unsigned(_e3), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e104;
        uint _e108 = dims.shift;
        float _e114 = partial.inner[0].y;
        sums[metal::min(unsigned(_e108 + _e3), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e114;
        return;
    } else {
        return;
    }
}
