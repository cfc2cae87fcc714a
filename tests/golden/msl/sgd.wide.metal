// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size3;
    uint size4;
    uint size5;
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
struct Updated {
    metal::float4 param;
    metal::float4 momentum_buffer;
};
typedef metal::ulong4 type_14[1];
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
    bool local_1 = {};
    uint _e2 = hyper.leave_out;
    if (_e2 != 0u) {
        float _e13 = control[metal::min(unsigned((1 + (_buffer_sizes.size1 - 0 - 4) / 4) - 1u), (_buffer_sizes.size1 - 0 - 4) / 4)];
        local_1 = _e13 == -1.0;
    } else {
        local_1 = false;
    }
    bool _e17 = local_1;
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
    Segment segment = dims.table.inner[metal::min(unsigned(_e16), 255u)];
    Group _e23 = hyper.groups.inner[metal::min(unsigned(segment.group), 7u)];
    float _e27 = control[metal::min(unsigned(0), (_buffer_sizes.size1 - 0 - 4) / 4)];
    Group _e29 = at_rate(_e23, segment.scale * _e27);
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

bool keeps(
    Group h_2,
    constant Dims& dims
) {
    bool local_2 = {};
    if (!((h_2.momentum != 0.0))) {
        uint _e9 = dims.flags;
        local_2 = _e9 != 0u;
    } else {
        local_2 = true;
    }
    bool _e13 = local_2;
    return _e13;
}

Updated update(
    Group h_3,
    metal::float4 p,
    metal::float4 gradient_1,
    metal::float4 before,
    constant Hyper& hyper,
    device type_5 const& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    metal::float4 g_1 = {};
    metal::float4 v = {};
    metal::float4 _e4 = taken(gradient_1, h_3, hyper, control, _buffer_sizes);
    g_1 = _e4;
    if (h_3.weight_decay != 0.0) {
        metal::float4 _e9 = g_1;
        g_1 = _e9 + (h_3.weight_decay * p);
    }
    v = before;
    bool _e14 = keeps(h_3, dims);
    if (_e14) {
        metal::float4 _e15 = g_1;
        v = _e15;
        if (h_3.first == 0u) {
            metal::float4 _e22 = g_1;
            v = (h_3.momentum * before) + (h_3.gradient_scale * _e22);
        }
        metal::float4 _e25 = v;
        metal::float4 _e26 = g_1;
        metal::float4 _e28 = v;
        g_1 = (h_3.nesterov != 0u) ? (_e26 + (h_3.momentum * _e28)) : _e25;
    }
    metal::float4 _e36 = g_1;
    metal::float4 _e39 = v;
    return Updated {p - (h_3.lr * _e36), _e39};
}

metal::float4 four(
    metal::ulong2 x_2
) {
    metal::uint2 low_1 = static_cast<metal::uint2>(x_2);
    metal::uint2 high_1 = static_cast<metal::uint2>(x_2 >> metal::uint2(32u));
    return as_type<metal::float4>(metal::uint4(low_1.x, high_1.x, low_1.y, high_1.y));
}

metal::float2 two(
    ulong x_3
) {
    return as_type<metal::float2>(metal::uint2(static_cast<uint>(x_3), static_cast<uint>(x_3 >> 32u)));
}

metal::ulong2 pair(
    metal::float4 x_4
) {
    metal::uint4 bits = as_type<metal::uint4>(x_4);
    return static_cast<metal::ulong2>(bits.xz) | (static_cast<metal::ulong2>(bits.yw) << metal::uint2(32u));
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(8)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5 const& control [[buffer(3)]]
, constant Dims& dims [[buffer(0)]]
, device type_14 const& grad [[buffer(2)]]
, device type_14& momentum_buffer [[buffer(4)]]
, device type_14& param [[buffer(5)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    bool local = {};
    uint _e3 = group_index(group, groups);
    uint i = (_e3 * 8u) + lane;
    uint _e9 = dims.n;
    if (!((i >= naga_div(_e9, 8u)))) {
        bool _e16 = left_out(hyper, control, _buffer_sizes);
        local = _e16;
    } else {
        local = true;
    }
    bool _e18 = local;
    if (_e18) {
        return;
    }
    Group _e21 = group_of(8u * i, hyper, control, dims, _buffer_sizes);
    metal::ulong4 p_1 = param[metal::min(unsigned(i), (_buffer_sizes.size5 - 0 - 32) / 32)];
    metal::ulong4 g_2 = grad[metal::min(unsigned(i), (_buffer_sizes.size3 - 0 - 32) / 32)];
    metal::ulong4 v_1 = momentum_buffer[metal::min(unsigned(i), (_buffer_sizes.size4 - 0 - 32) / 32)];
    metal::float4 _e32 = four(p_1.xy);
    metal::float4 _e34 = four(g_2.xy);
    metal::float4 _e36 = four(v_1.xy);
    Updated _e37 = update(_e21, _e32, _e34, _e36, hyper, control, dims, _buffer_sizes);
    metal::float4 _e39 = four(p_1.zw);
    metal::float4 _e41 = four(g_2.zw);
    metal::float4 _e43 = four(v_1.zw);
    Updated _e44 = update(_e21, _e39, _e41, _e43, hyper, control, dims, _buffer_sizes);
    metal::ulong2 _e48 = pair(_e37.momentum_buffer);
    metal::ulong2 _e50 = pair(_e44.momentum_buffer);
    momentum_buffer[metal::min(unsigned(i), (_buffer_sizes.size4 - 0 - 32) / 32)] = metal::ulong4(_e48, _e50);
    metal::ulong2 _e55 = pair(_e37.param);
    metal::ulong2 _e57 = pair(_e44.param);
    param[metal::min(unsigned(i), (_buffer_sizes.size5 - 0 - 32) / 32)] = metal::ulong4(_e55, _e57);
    return;
}
