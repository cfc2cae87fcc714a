// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size4;
    uint size5;
    uint size6;
};

struct Group {
    float lr;
    float step_size;
    float momentum;
    float gradient_scale;
    float square_decay;
    float square_scale;
    float correction;
    float eps;
    float weight_decay;
    float trust;
    uint nesterov;
    uint maximize;
    uint first;
    float s_decay;
    uint spare0_;
    uint spare1_;
};
struct type_4 {
    Group inner[8];
};
struct Hyper {
    uint cursor;
    uint slot;
    float clip_norm;
    float clip_value;
    float share;
    uint begin;
    float ema;
    float swa;
    uint picture_key0_;
    uint picture_key1_;
    uint leave_out;
    uint spare0_;
    uint dropout_key0_;
    uint dropout_key1_;
    uint spare1_;
    uint spare2_;
    type_4 groups;
};
typedef float type_5[1];
struct Segment {
    uint end;
    uint group;
    float scale;
    uint spare;
};
struct type_6 {
    Segment inner[256];
};
struct Dims {
    uint n;
    uint segments;
    uint flags;
    uint memory;
    type_6 table;
};
struct Moments {
    metal::float4 m;
    metal::float4 v;
};
struct type_9 {
    metal::float2 inner[64];
};
typedef metal::float4 type_10[1];
constant uint LOG_WORDS = 5u;

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

bool left_out(
    constant Hyper& hyper,
    device type_5 const& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local_2 = {};
    uint _e2 = hyper.leave_out;
    if (_e2 != 0u) {
        float _e13 = control[metal::min(unsigned((1 + (_buffer_sizes.size1 - 0 - 4) / 4) - 1u), (_buffer_sizes.size1 - 0 - 4) / 4)];
        local_2 = _e13 == -1.0;
    } else {
        local_2 = false;
    }
    bool _e17 = local_2;
    return _e17;
}

uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

uint segment_of(
    uint element,
    constant Dims& dims
) {
    uint low = 0u;
    uint high = {};
    uint _e5 = dims.segments;
    high = _e5 - 1u;
    uint2 loop_bound = uint2(4294967295u);
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        uint _e9 = low;
        uint _e10 = high;
        if (_e9 < _e10) {
        } else {
            break;
        }
        {
            uint _e12 = low;
            uint _e13 = high;
            uint middle = naga_div(_e12 + _e13, 2u);
            uint _e21 = dims.table.inner[metal::min(unsigned(middle), 255u)].end;
            if (element < _e21) {
                high = middle;
            } else {
                low = middle + 1u;
            }
        }
    }
    uint _e25 = low;
    return _e25;
}

Group at_rate(
    Group group_2,
    float factor
) {
    Group h = {};
    h = group_2;
    float _e4 = h.lr;
    h.lr = _e4 * factor;
    float _e7 = h.step_size;
    h.step_size = _e7 * factor;
    Group _e9 = h;
    return _e9;
}

Group group_of(
    uint element_1,
    constant Hyper& hyper,
    device type_5 const& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e3 = dims.segments;
    if (_e3 == 1u) {
        Group _e9 = hyper.groups.inner[0];
        float _e12 = control[metal::min(unsigned(0), (_buffer_sizes.size1 - 0 - 4) / 4)];
        Group _e13 = at_rate(_e9, _e12);
        return _e13;
    }
    uint _e16 = segment_of(element_1, dims);
    Segment segment_3 = dims.table.inner[metal::min(unsigned(_e16), 255u)];
    Group _e23 = hyper.groups.inner[metal::min(unsigned(segment_3.group), 7u)];
    float _e27 = control[metal::min(unsigned(0), (_buffer_sizes.size1 - 0 - 4) / 4)];
    Group _e29 = at_rate(_e23, segment_3.scale * _e27);
    return _e29;
}

metal::float4 taken(
    metal::float4 gradient,
    Group h_1,
    constant Hyper& hyper,
    device type_5 const& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    metal::float4 g = {};
    g = gradient;
    float _e5 = hyper.clip_norm;
    if (_e5 > 0.0) {
        metal::float4 _e8 = g;
        float _e15 = control[metal::min(unsigned((1 + (_buffer_sizes.size1 - 0 - 4) / 4) - 1u), (_buffer_sizes.size1 - 0 - 4) / 4)];
        g = _e8 * _e15;
    }
    float _e19 = hyper.clip_value;
    if (_e19 > 0.0) {
        metal::float4 _e22 = g;
        float _e25 = hyper.clip_value;
        float _e30 = hyper.clip_value;
        g = metal::clamp(_e22, metal::float4(-(_e25)), metal::float4(_e30));
    }
    if (h_1.maximize != 0u) {
        metal::float4 _e36 = g;
        g = -(_e36);
    }
    metal::float4 _e38 = g;
    return _e38;
}

uint trust_at(
    uint segment,
    device type_5 const& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e7 = dims.segments;
    return (((1 + (_buffer_sizes.size1 - 0 - 4) / 4) - 1u) - _e7) + segment;
}

metal::float4 direction(
    Group h_2,
    metal::float4 m,
    metal::float4 v,
    metal::float4 p
) {
    return ((m / metal::float4(h_2.trust)) / ((metal::sqrt(v) / metal::float4(h_2.correction)) + metal::float4(h_2.eps))) + (h_2.weight_decay * p);
}

Moments moments(
    Group h_3,
    metal::float4 g_1,
    metal::float4 m_1,
    metal::float4 v_1
) {
    return Moments {(h_3.momentum * m_1) + (h_3.gradient_scale * g_1), (h_3.square_decay * v_1) + ((h_3.square_scale * g_1) * g_1)};
}

metal::float4 step_of(
    Group h_4,
    uint i,
    metal::float4 p_1,
    constant Hyper& hyper,
    device type_5 const& control,
    constant Dims& dims,
    device type_10 const& grad,
    device type_10 const& state,
    constant _mslBufferSizes& _buffer_sizes
) {
    metal::float4 _e5 = grad[metal::min(unsigned(i), (_buffer_sizes.size5 - 0 - 16) / 16)];
    metal::float4 _e6 = taken(_e5, h_4, hyper, control, _buffer_sizes);
    metal::float4 _e9 = state[metal::min(unsigned(i), (_buffer_sizes.size6 - 0 - 16) / 16)];
    uint _e13 = dims.n;
    metal::float4 _e18 = state[metal::min(unsigned(naga_div(_e13, 4u) + i), (_buffer_sizes.size6 - 0 - 16) / 16)];
    Moments _e19 = moments(h_4, _e6, _e9, _e18);
    metal::float4 _e22 = direction(h_4, _e19.m, _e19.v, p_1);
    return _e22;
}

metal::float2 squares_of(
    uint segment_1,
    uint lane_1,
    constant Hyper& hyper,
    device type_5 const& control,
    constant Dims& dims,
    threadgroup type_9& sums,
    device type_10 const& param,
    device type_10 const& grad,
    device type_10 const& state,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint begin = 0u;
    metal::float2 sum = metal::float2 {};
    uint i_1 = {};
    uint half_ = 32u;
    if (segment_1 > 0u) {
        uint _e12 = dims.table.inner[metal::min(unsigned(segment_1 - 1u), 255u)].end;
        begin = naga_div(_e12, 4u);
    }
    uint _e19 = dims.table.inner[metal::min(unsigned(segment_1), 255u)].end;
    uint end = naga_div(_e19, 4u);
    uint _e23 = begin;
    Group _e25 = group_of(4u * _e23, hyper, control, dims, _buffer_sizes);
    uint _e28 = begin;
    i_1 = _e28 + lane_1;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init) {
            uint _e44 = i_1;
            i_1 = _e44 + 64u;
        }
        loop_init = false;
        uint _e31 = i_1;
        if (_e31 < end) {
        } else {
            break;
        }
        {
            uint _e34 = i_1;
            metal::float4 p_2 = param[metal::min(unsigned(_e34), (_buffer_sizes.size4 - 0 - 16) / 16)];
            uint _e37 = i_1;
            metal::float4 _e38 = step_of(_e25, _e37, p_2, hyper, control, dims, grad, state, _buffer_sizes);
            metal::float2 _e39 = sum;
            sum = _e39 + metal::float2(metal::dot(p_2, p_2), metal::dot(_e38, _e38));
        }
    }
    metal::float2 _e49 = sum;
    sums.inner[metal::min(unsigned(lane_1), 63u)] = _e49;
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e66 = half_;
            half_ = naga_div(_e66, 2u);
        }
        loop_init_1 = false;
        uint _e52 = half_;
        if (_e52 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e55 = half_;
            if (lane_1 < _e55) {
                metal::float2 _e59 = sums.inner[metal::min(unsigned(lane_1), 63u)];
                uint _e61 = half_;
                metal::float2 _e64 = sums.inner[metal::min(unsigned(lane_1 + _e61), 63u)];
                sums.inner[metal::min(unsigned(lane_1), 63u)] = _e59 + _e64;
            }
        }
    }
    metal::float2 _e71 = sums.inner[metal::min(unsigned(lane_1), 63u)];
    return _e71;
}

float ratio_of(
    uint segment_2,
    float param_norm,
    float step_norm
) {
    return param_norm / step_norm;
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5& control [[buffer(5)]]
, constant Dims& dims [[buffer(0)]]
, threadgroup type_9& sums
, device type_10 const& param [[buffer(4)]]
, device type_10 const& grad [[buffer(2)]]
, device type_10 const& state [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    bool local = {};
    float ratio = 1.0;
    bool local_1 = {};
    uint _e3 = group_index(group, groups);
    uint _e6 = dims.segments;
    if (_e3 >= _e6) {
        return;
    }
    metal::float2 _e8 = squares_of(_e3, lane, hyper, control, dims, sums, param, grad, state, _buffer_sizes);
    if (lane == 0u) {
        bool _e13 = left_out(hyper, control, _buffer_sizes);
        local = !(_e13);
    } else {
        local = false;
    }
    bool _e16 = local;
    if (_e16) {
        if (_e8.x > 0.0) {
            local_1 = _e8.y > 0.0;
        } else {
            local_1 = false;
        }
        bool _e28 = local_1;
        if (_e28) {
            float _e33 = ratio_of(_e3, metal::sqrt(_e8.x), metal::sqrt(_e8.y));
            ratio = _e33;
        }
        uint _e35 = trust_at(_e3, control, dims, _buffer_sizes);
        float _e37 = ratio;
        control[metal::min(unsigned(_e35), (_buffer_sizes.size1 - 0 - 4) / 4)] = _e37;
        return;
    } else {
        return;
    }
}
