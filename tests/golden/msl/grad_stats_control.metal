// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size2;
    uint size3;
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
struct Norm {
    metal::float4 squares;
    metal::float4 bad;
};
struct type_7 {
    metal::float2 inner[256];
};
struct Controller {
    uint rule;
    uint index;
    uint count;
    uint slots;
    uint reference;
    float floor;
    float smoothing;
    float b0_;
};
struct type_8 {
    Controller inner[2];
};
struct Dims {
    uint n;
    uint slots;
    uint count;
    uint spare;
    type_8 controllers;
};
typedef metal::float4 type_9[1];
typedef float type_10[1];
constant uint LOG_WORDS = 5u;
constant uint LANES = 256u;
constant uint STATE = 4u;

uint group_index(
    metal::uint3 group,
    metal::uint3 groups
) {
    return group.x + (group.y * groups.x);
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
    Norm norm,
    metal::float4 x_2
) {
    metal::bool4 finite = (as_type<metal::uint4>(x_2) & metal::uint4(2147483647u)) < metal::uint4(2139095040u);
    return Norm {norm.squares + metal::select(metal::float4 {}, x_2 * x_2, finite), norm.bad + metal::select(metal::float4(1.0), metal::float4 {}, finite)};
}

metal::float2 total(
    Norm norm_1
) {
    metal::float4 s = norm_1.squares;
    metal::float4 b_1 = norm_1.bad;
    return metal::float2((norm_1.squares.x + norm_1.squares.y) + (norm_1.squares.z + norm_1.squares.w), (norm_1.bad.x + norm_1.bad.y) + (norm_1.bad.z + norm_1.bad.w));
}

uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

metal::float2 grad_sum(
    uint lane_1,
    threadgroup type_7& sums,
    constant Dims& dims,
    device type_9 const& grad,
    constant _mslBufferSizes& _buffer_sizes
) {
    Norm norm_2 = Norm {};
    uint i = {};
    uint half_ = 128u;
    i = lane_1;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e17 = i;
            i = _e17 + LANES;
        }
        loop_init = false;
        uint _e4 = i;
        uint _e7 = dims.n;
        if (_e4 < naga_div(_e7, 4u)) {
        } else {
            break;
        }
        {
            Norm _e11 = norm_2;
            uint _e13 = i;
            metal::float4 _e15 = grad[metal::min(unsigned(_e13), (_buffer_sizes.size2 - 0 - 16) / 16)];
            Norm _e16 = plus(_e11, _e15);
            norm_2 = _e16;
        }
    }
    Norm _e22 = norm_2;
    metal::float2 _e23 = total(_e22);
    sums.inner[metal::min(unsigned(lane_1), 255u)] = _e23;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e40 = half_;
            half_ = naga_div(_e40, 2u);
        }
        loop_init_1 = false;
        uint _e26 = half_;
        if (_e26 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e29 = half_;
            if (lane_1 < _e29) {
                metal::float2 _e33 = sums.inner[metal::min(unsigned(lane_1), 255u)];
                uint _e35 = half_;
                metal::float2 _e38 = sums.inner[metal::min(unsigned(lane_1 + _e35), 255u)];
                sums.inner[metal::min(unsigned(lane_1), 255u)] = _e33 + _e38;
            }
        }
    }
    metal::float2 _e45 = sums.inner[metal::min(unsigned(lane_1), 255u)];
    return _e45;
}

void clip(
    float loss,
    float squares,
    float bad,
    device type_10& control,
    constant Hyper& hyper,
    constant _mslBufferSizes& _buffer_sizes
) {
    float scale = 1.0;
    bool local = {};
    bool local_1 = {};
    bool local_2 = {};
    uint last = (1 + (_buffer_sizes.size3 - 0 - 4) / 4) - 1u;
    float _e11 = hyper.clip_norm;
    if (_e11 > 0.0) {
        float _e16 = hyper.clip_norm;
        scale = metal::min(_e16 / (metal::sqrt(squares) + 0.000001), 1.0);
    }
    uint _e25 = hyper.leave_out;
    if (_e25 != 0u) {
        uint _e30 = hyper.leave_out;
        if (_e30 == 2u) {
            float _e37 = control[metal::min(unsigned(last), (_buffer_sizes.size3 - 0 - 4) / 4)];
            local = _e37 == -1.0;
        } else {
            local = false;
        }
        bool ended = local;
        if (!(ended)) {
            local_1 = bad > 0.0;
        } else {
            local_1 = true;
        }
        bool _e48 = local_1;
        if (!(_e48)) {
            bool _e52 = is_non_finite(loss);
            local_2 = _e52;
        } else {
            local_2 = true;
        }
        bool _e54 = local_2;
        if (_e54) {
            scale = -1.0;
        }
    }
    float _e58 = scale;
    control[metal::min(unsigned(last), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e58;
    return;
}

void take_in(
    Controller c,
    float squares_1,
    float bad_1,
    device type_10& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    float mean = {};
    float reference = {};
    float seen = {};
    float factor = 1.0;
    bool local_3 = {};
    bool local_4 = {};
    bool local_5 = {};
    uint s_1 = 1u + (c.index * STATE);
    float _e10 = control[metal::min(unsigned(s_1), (_buffer_sizes.size3 - 0 - 4) / 4)];
    mean = _e10;
    float _e16 = control[metal::min(unsigned(s_1 + 1u), (_buffer_sizes.size3 - 0 - 4) / 4)];
    reference = _e16;
    float _e22 = control[metal::min(unsigned(s_1 + 2u), (_buffer_sizes.size3 - 0 - 4) / 4)];
    seen = _e22;
    bool _e26 = is_non_finite(squares_1);
    if (!(_e26)) {
        local_3 = bad_1 == 0.0;
    } else {
        local_3 = false;
    }
    bool usable = local_3;
    if (c.rule == 0u) {
        float norm_3 = metal::sqrt(squares_1);
        if (usable) {
            float _e40 = seen;
            local_4 = _e40 < static_cast<float>(c.reference);
        } else {
            local_4 = false;
        }
        bool _e45 = local_4;
        if (_e45) {
            float _e46 = seen;
            seen = _e46 + 1.0;
            float _e49 = reference;
            float _e50 = reference;
            float _e52 = seen;
            reference = _e49 + ((norm_3 - _e50) / _e52);
            float _e55 = reference;
            mean = _e55;
        } else {
            if (usable) {
                float _e57 = mean;
                mean = (c.smoothing * _e57) + ((1.0 - c.smoothing) * norm_3);
            }
        }
        float _e64 = seen;
        if (_e64 >= static_cast<float>(c.reference)) {
            float _e70 = reference;
            local_5 = _e70 != 0.0;
        } else {
            local_5 = false;
        }
        bool _e74 = local_5;
        if (_e74) {
            float _e75 = mean;
            float _e76 = reference;
            factor = metal::clamp(_e75 / _e76, c.floor, 1.0);
        }
    } else {
        if (usable) {
            float _e81 = mean;
            mean = _e81 + squares_1;
        }
        float _e86 = mean;
        factor = 1.0 / metal::sqrt((c.b0_ * c.b0_) + _e86);
    }
    float _e93 = mean;
    control[metal::min(unsigned(s_1), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e93;
    float _e98 = reference;
    control[metal::min(unsigned(s_1 + 1u), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e98;
    float _e103 = seen;
    control[metal::min(unsigned(s_1 + 2u), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e103;
    float _e108 = factor;
    control[metal::min(unsigned(s_1 + 3u), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e108;
    return;
}

float all_factors(
    uint count,
    device type_10 const& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    float product = 1.0;
    uint i_1 = 1u;
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_2 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_2) {
            uint _e15 = i_1;
            i_1 = _e15 + 1u;
        }
        loop_init_2 = false;
        uint _e5 = i_1;
        if (_e5 <= count) {
        } else {
            break;
        }
        {
            float _e7 = product;
            uint _e9 = i_1;
            float _e13 = control[metal::min(unsigned(_e9 * STATE), (_buffer_sizes.size3 - 0 - 4) / 4)];
            product = _e7 * _e13;
        }
    }
    float _e18 = product;
    return _e18;
}

void take_in_all(
    uint rule,
    metal::float2 sum,
    constant Dims& dims,
    device type_10& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint i_2 = 0u;
    uint2 loop_bound_3 = uint2(4294967295u);
    bool loop_init_3 = true;
    while(true) {
        if (metal::all(loop_bound_3 == uint2(0u))) { break; }
        loop_bound_3 -= uint2(loop_bound_3.y == 0u, 1u);
        if (!loop_init_3) {
            uint _e23 = i_2;
            i_2 = _e23 + 1u;
        }
        loop_init_3 = false;
        uint _e4 = i_2;
        uint _e7 = dims.count;
        if (_e4 < _e7) {
        } else {
            break;
        }
        {
            uint _e11 = i_2;
            uint _e14 = dims.controllers.inner[metal::min(unsigned(_e11), 1u)].rule;
            if (_e14 == rule) {
                uint _e18 = i_2;
                Controller _e20 = dims.controllers.inner[metal::min(unsigned(_e18), 1u)];
                take_in(_e20, sum.x, sum.y, control, _buffer_sizes);
            }
        }
    }
    return;
}
uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(256)]] kernel void main_(
  uint lane [[thread_index_in_threadgroup]]
, threadgroup type_7& sums
, constant Dims& dims [[buffer(0)]]
, device type_9 const& grad [[buffer(2)]]
, device type_10& control [[buffer(4)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_10& log [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    metal::float2 _e1 = grad_sum(lane, sums, dims, grad, _buffer_sizes);
    if (lane == 0u) {
        take_in_all(1u, _e1, dims, control, _buffer_sizes);
        uint _e7 = dims.count;
        float _e8 = all_factors(_e7, control, _buffer_sizes);
        control[metal::min(unsigned(0), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e8;
        uint _e13 = hyper.slot;
        uint _e16 = dims.slots;
        uint at = naga_mod(_e13, _e16) * LOG_WORDS;
        log[metal::min(unsigned(at + 2u), (_buffer_sizes.size5 - 0 - 4) / 4)] = _e1.x;
        log[metal::min(unsigned(at + 3u), (_buffer_sizes.size5 - 0 - 4) / 4)] = _e1.y;
        log[metal::min(unsigned(at + 4u), (_buffer_sizes.size5 - 0 - 4) / 4)] = _e8;
        take_in_all(0u, _e1, dims, control, _buffer_sizes);
        float _e37 = log[metal::min(unsigned(at), (_buffer_sizes.size5 - 0 - 4) / 4)];
        clip(_e37, _e1.x, _e1.y, control, hyper, _buffer_sizes);
        return;
    } else {
        return;
    }
}
