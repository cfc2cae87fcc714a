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
typedef metal::float4 type_6[1];
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
    bool local = {};
    uint _e2 = hyper.leave_out;
    if (_e2 != 0u) {
        float _e13 = control[metal::min(unsigned((1 + (_buffer_sizes.size1 - 0 - 4) / 4) - 1u), (_buffer_sizes.size1 - 0 - 4) / 4)];
        local = _e13 == -1.0;
    } else {
        local = false;
    }
    bool _e17 = local;
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
uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Hyper& hyper [[buffer(1)]]
, device type_4 const& control [[buffer(3)]]
, constant Dims& dims [[buffer(0)]]
, device type_6 const& grad [[buffer(2)]]
, device type_6& momentum_buffer [[buffer(4)]]
, device type_6& param [[buffer(5)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    uint i = {};
    bool _e3 = left_out(hyper, control, _buffer_sizes);
    if (_e3) {
        return;
    }
    uint _e4 = group_index(group, groups);
    uint first = (_e4 * 64u) + lane;
    uint stride = (groups.x * groups.y) * 64u;
    i = first;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e47 = i;
            i = _e47 + stride;
        }
        loop_init = false;
        uint _e14 = i;
        uint _e17 = dims.n;
        if (_e14 < naga_div(_e17, 4u)) {
        } else {
            break;
        }
        {
            uint _e22 = i;
            metal::float4 _e24 = param[metal::min(unsigned(_e22), (_buffer_sizes.size5 - 0 - 16) / 16)];
            uint _e26 = i;
            metal::float4 _e28 = grad[metal::min(unsigned(_e26), (_buffer_sizes.size3 - 0 - 16) / 16)];
            uint _e30 = i;
            metal::float4 _e32 = momentum_buffer[metal::min(unsigned(_e30), (_buffer_sizes.size4 - 0 - 16) / 16)];
            Updated _e33 = update(_e24, _e28, _e32, hyper, control, _buffer_sizes);
            float _e36 = hyper.momentum;
            if (_e36 != 0.0) {
                uint _e40 = i;
                momentum_buffer[metal::min(unsigned(_e40), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e33.momentum_buffer;
            }
            uint _e44 = i;
            param[metal::min(unsigned(_e44), (_buffer_sizes.size5 - 0 - 16) / 16)] = _e33.param;
        }
    }
    return;
}
