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

struct Hyper {
    float lr;
    float momentum;
    float gradient_scale;
    float weight_decay;
    uint nesterov;
    uint maximize;
    uint first;
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
    uint dropout_key0_;
    uint dropout_key1_;
};
typedef float type_4[1];
struct Updated {
    metal::float4 param;
    metal::float4 momentum_buffer;
};
struct Dims {
    uint n;
};
typedef metal::ulong4 type_12[1];
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
    device type_4 const& control,
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

Updated update(
    metal::float4 p,
    metal::float4 gradient,
    metal::float4 before,
    constant Hyper& hyper,
    device type_4 const& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    metal::float4 g = {};
    metal::float4 v = {};
    g = gradient;
    float _e6 = hyper.clip_norm;
    if (_e6 > 0.0) {
        metal::float4 _e9 = g;
        float _e16 = control[metal::min(unsigned((1 + (_buffer_sizes.size1 - 0 - 4) / 4) - 1u), (_buffer_sizes.size1 - 0 - 4) / 4)];
        g = _e9 * _e16;
    }
    float _e20 = hyper.clip_value;
    if (_e20 > 0.0) {
        metal::float4 _e23 = g;
        float _e26 = hyper.clip_value;
        float _e31 = hyper.clip_value;
        g = metal::clamp(_e23, metal::float4(-(_e26)), metal::float4(_e31));
    }
    uint _e36 = hyper.maximize;
    if (_e36 != 0u) {
        metal::float4 _e39 = g;
        g = -(_e39);
    }
    float _e43 = hyper.weight_decay;
    if (_e43 != 0.0) {
        metal::float4 _e46 = g;
        float _e49 = hyper.weight_decay;
        g = _e46 + (_e49 * p);
    }
    v = before;
    float _e55 = hyper.momentum;
    if (_e55 != 0.0) {
        metal::float4 _e58 = g;
        v = _e58;
        uint _e61 = hyper.first;
        if (_e61 == 0u) {
            float _e66 = hyper.momentum;
            float _e70 = hyper.gradient_scale;
            metal::float4 _e71 = g;
            v = (_e66 * before) + (_e70 * _e71);
        }
        metal::float4 _e74 = v;
        metal::float4 _e75 = g;
        float _e78 = hyper.momentum;
        metal::float4 _e79 = v;
        uint _e84 = hyper.nesterov;
        g = (_e84 != 0u) ? (_e75 + (_e78 * _e79)) : _e74;
    }
    float _e90 = hyper.lr;
    float _e93 = control[metal::min(unsigned(0), (_buffer_sizes.size1 - 0 - 4) / 4)];
    metal::float4 _e95 = g;
    metal::float4 _e98 = v;
    return Updated {p - ((_e90 * _e93) * _e95), _e98};
}

metal::float4 four(
    metal::ulong2 x_2
) {
    metal::uint2 low = static_cast<metal::uint2>(x_2);
    metal::uint2 high = static_cast<metal::uint2>(x_2 >> metal::uint2(32u));
    return as_type<metal::float4>(metal::uint4(low.x, high.x, low.y, high.y));
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
uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(8)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Hyper& hyper [[buffer(1)]]
, device type_4 const& control [[buffer(3)]]
, constant Dims& dims [[buffer(0)]]
, device type_12 const& grad [[buffer(2)]]
, device type_12& momentum_buffer [[buffer(4)]]
, device type_12& param [[buffer(5)]]
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
    metal::ulong4 p_1 = param[metal::min(unsigned(i), (_buffer_sizes.size5 - 0 - 32) / 32)];
    metal::ulong4 g_1 = grad[metal::min(unsigned(i), (_buffer_sizes.size3 - 0 - 32) / 32)];
    metal::ulong4 v_1 = momentum_buffer[metal::min(unsigned(i), (_buffer_sizes.size4 - 0 - 32) / 32)];
    metal::float4 _e29 = four(p_1.xy);
    metal::float4 _e31 = four(g_1.xy);
    metal::float4 _e33 = four(v_1.xy);
    Updated _e34 = update(_e29, _e31, _e33, hyper, control, _buffer_sizes);
    metal::float4 _e36 = four(p_1.zw);
    metal::float4 _e38 = four(g_1.zw);
    metal::float4 _e40 = four(v_1.zw);
    Updated _e41 = update(_e36, _e38, _e40, hyper, control, _buffer_sizes);
    metal::ulong2 _e45 = pair(_e34.momentum_buffer);
    metal::ulong2 _e47 = pair(_e41.momentum_buffer);
    momentum_buffer[metal::min(unsigned(i), (_buffer_sizes.size4 - 0 - 32) / 32)] = metal::ulong4(_e45, _e47);
    metal::ulong2 _e52 = pair(_e34.param);
    metal::ulong2 _e54 = pair(_e41.param);
    param[metal::min(unsigned(i), (_buffer_sizes.size5 - 0 - 32) / 32)] = metal::ulong4(_e52, _e54);
    return;
}
