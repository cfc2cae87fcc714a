// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
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
struct type_7 {
    metal::float4 inner[64];
};
struct Dims {
    uint method;
    uint parts;
    uint behind;
    uint slots;
    uint controllers;
    uint memory;
    float first;
    float eps;
    float coefficient;
    float decay;
    float bound;
    float spare;
};
typedef metal::float4 type_8[1];
constant uint LOG_WORDS = 5u;
constant uint STATE = 4u;
constant uint DOG = 0u;
constant uint DOWG = 1u;
constant uint SPS = 2u;
constant uint HYPERGRADIENT = 3u;
constant uint PRODIGY = 4u;
constant uint DADAPT = 5u;
constant uint SCHEDULE_FREE = 6u;

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

void take_in(
    Controller c,
    float squares,
    float bad,
    device type_5& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    float mean = {};
    float reference = {};
    float seen = {};
    float factor_1 = 1.0;
    bool local_2 = {};
    bool local_3 = {};
    bool local_4 = {};
    uint s = 1u + (c.index * STATE);
    float _e10 = control[metal::min(unsigned(s), (_buffer_sizes.size1 - 0 - 4) / 4)];
    mean = _e10;
    float _e16 = control[metal::min(unsigned(s + 1u), (_buffer_sizes.size1 - 0 - 4) / 4)];
    reference = _e16;
    float _e22 = control[metal::min(unsigned(s + 2u), (_buffer_sizes.size1 - 0 - 4) / 4)];
    seen = _e22;
    bool _e26 = is_non_finite(squares);
    if (!(_e26)) {
        local_2 = bad == 0.0;
    } else {
        local_2 = false;
    }
    bool usable = local_2;
    if (c.rule == 0u) {
        float norm = metal::sqrt(squares);
        if (usable) {
            float _e40 = seen;
            local_3 = _e40 < static_cast<float>(c.reference);
        } else {
            local_3 = false;
        }
        bool _e45 = local_3;
        if (_e45) {
            float _e46 = seen;
            seen = _e46 + 1.0;
            float _e49 = reference;
            float _e50 = reference;
            float _e52 = seen;
            reference = _e49 + ((norm - _e50) / _e52);
            float _e55 = reference;
            mean = _e55;
        } else {
            if (usable) {
                float _e57 = mean;
                mean = (c.smoothing * _e57) + ((1.0 - c.smoothing) * norm);
            }
        }
        float _e64 = seen;
        if (_e64 >= static_cast<float>(c.reference)) {
            float _e70 = reference;
            local_4 = _e70 != 0.0;
        } else {
            local_4 = false;
        }
        bool _e74 = local_4;
        if (_e74) {
            float _e75 = mean;
            float _e76 = reference;
            factor_1 = metal::clamp(_e75 / _e76, c.floor, 1.0);
        }
    } else {
        if (usable) {
            float _e81 = mean;
            mean = _e81 + squares;
        }
        float _e86 = mean;
        factor_1 = 1.0 / metal::sqrt((c.b0_ * c.b0_) + _e86);
    }
    float _e93 = mean;
    control[metal::min(unsigned(s), (_buffer_sizes.size1 - 0 - 4) / 4)] = _e93;
    float _e98 = reference;
    control[metal::min(unsigned(s + 1u), (_buffer_sizes.size1 - 0 - 4) / 4)] = _e98;
    float _e103 = seen;
    control[metal::min(unsigned(s + 2u), (_buffer_sizes.size1 - 0 - 4) / 4)] = _e103;
    float _e108 = factor_1;
    control[metal::min(unsigned(s + 3u), (_buffer_sizes.size1 - 0 - 4) / 4)] = _e108;
    return;
}

float all_factors(
    uint count,
    device type_5 const& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    float product = 1.0;
    uint i = 1u;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e15 = i;
            i = _e15 + 1u;
        }
        loop_init = false;
        uint _e5 = i;
        if (_e5 <= count) {
        } else {
            break;
        }
        {
            float _e7 = product;
            uint _e9 = i;
            float _e13 = control[metal::min(unsigned(_e9 * STATE), (_buffer_sizes.size1 - 0 - 4) / 4)];
            product = _e7 * _e13;
        }
    }
    float _e18 = product;
    return _e18;
}

uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

metal::float4 tree(
    uint lane_1,
    metal::float4 mine,
    threadgroup type_7& sums
) {
    uint half_ = 32u;
    sums.inner[metal::min(unsigned(lane_1), 63u)] = mine;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e20 = half_;
            half_ = naga_div(_e20, 2u);
        }
        loop_init_1 = false;
        uint _e6 = half_;
        if (_e6 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e9 = half_;
            if (lane_1 < _e9) {
                metal::float4 _e13 = sums.inner[metal::min(unsigned(lane_1), 63u)];
                uint _e15 = half_;
                metal::float4 _e18 = sums.inner[metal::min(unsigned(lane_1 + _e15), 63u)];
                sums.inner[metal::min(unsigned(lane_1), 63u)] = _e13 + _e18;
            }
        }
    }
    metal::float4 _e25 = sums.inner[metal::min(unsigned(lane_1), 63u)];
    return _e25;
}

float at(
    uint word,
    device type_5 const& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e4 = dims.memory;
    float _e7 = control[metal::min(unsigned(_e4 + word), (_buffer_sizes.size1 - 0 - 4) / 4)];
    return _e7;
}

void keep(
    uint word_1,
    float x_2,
    device type_5& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e5 = dims.memory;
    control[metal::min(unsigned(_e5 + word_1), (_buffer_sizes.size1 - 0 - 4) / 4)] = x_2;
    return;
}

float dog(
    metal::float4 sum,
    device type_5& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    float _e2 = at(0u, control, dims, _buffer_sizes);
    float far = metal::max(_e2, metal::sqrt(sum.y));
    float _e7 = at(1u, control, dims, _buffer_sizes);
    float squares_1 = _e7 + sum.x;
    keep(0u, far, control, dims, _buffer_sizes);
    keep(1u, squares_1, control, dims, _buffer_sizes);
    float _e14 = dims.eps;
    return far / metal::sqrt(squares_1 + _e14);
}

float dowg(
    metal::float4 sum_1,
    device type_5& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    float _e2 = at(0u, control, dims, _buffer_sizes);
    float far_1 = metal::max(_e2, sum_1.y);
    float _e6 = at(1u, control, dims, _buffer_sizes);
    float squares_2 = _e6 + (far_1 * sum_1.x);
    keep(0u, far_1, control, dims, _buffer_sizes);
    keep(1u, squares_2, control, dims, _buffer_sizes);
    float _e15 = dims.eps;
    return far_1 / (metal::sqrt(squares_2) + _e15);
}

float sps(
    metal::float4 sum_2,
    float loss,
    constant Dims& dims
) {
    float _e4 = dims.first;
    float gap = metal::max(loss - _e4, 0.0);
    float _e10 = dims.coefficient;
    float _e15 = dims.eps;
    float divisor = (_e10 * sum_2.x) + _e15;
    float _e20 = dims.bound;
    return (divisor <= 0.0000000000000002220446) ? 0.0 : metal::min(gap / divisor, _e20);
}

float hypergradient(
    metal::float4 sum_3,
    device type_5& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    float _e2 = at(0u, control, dims, _buffer_sizes);
    float _e5 = dims.coefficient;
    float rate_1 = _e2 + (_e5 * sum_3.y);
    keep(0u, rate_1, control, dims, _buffer_sizes);
    return rate_1;
}

float distance(
    metal::float4 sum_4,
    bool weighed,
    device type_5& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    float estimate = {};
    float after = {};
    float _e3 = at(0u, control, dims, _buffer_sizes);
    if (sum_4.y == 0.0) {
        keep(3u, -1.0, control, dims, _buffer_sizes);
        return _e3;
    }
    keep(3u, _e3, control, dims, _buffer_sizes);
    float _e12 = dims.first;
    float entering = (weighed ? ((_e3 / _e12) * _e3) : _e3) * sum_4.x;
    float _e20 = dims.decay;
    float _e22 = at(2u, control, dims, _buffer_sizes);
    float _e26 = dims.decay;
    float total = (_e20 * _e22) + ((weighed ? 1.0 : (1.0 - _e26)) * entering);
    keep(2u, total, control, dims, _buffer_sizes);
    float _e36 = dims.coefficient;
    estimate = (_e36 * total) / sum_4.y;
    if (!(weighed)) {
        float _e44 = dims.decay;
        estimate = total / ((1.0 - _e44) * sum_4.y);
    }
    after = _e3;
    if (weighed) {
        float _e53 = dims.first;
        if (_e3 == _e53) {
            float _e55 = estimate;
            after = metal::max(_e3, _e55);
        }
        float _e58 = at(1u, control, dims, _buffer_sizes);
        float _e59 = estimate;
        float largest = metal::max(_e58, _e59);
        keep(1u, largest, control, dims, _buffer_sizes);
        float _e62 = after;
        float _e65 = dims.bound;
        after = metal::min(largest, _e62 * _e65);
    } else {
        float _e68 = estimate;
        float _e71 = dims.bound;
        after = metal::max(_e3, metal::min(_e68, _e3 * _e71));
    }
    float _e76 = after;
    keep(0u, _e76, control, dims, _buffer_sizes);
    return _e3;
}

void schedule_free(
    float rate,
    constant Hyper& hyper,
    device type_5& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    float weight = {};
    float _e2 = at(0u, control, dims, _buffer_sizes);
    float largest_1 = metal::max(_e2, rate);
    weight = largest_1 * largest_1;
    float _e8 = dims.coefficient;
    if (_e8 != 2.0) {
        float _e13 = dims.coefficient;
        weight = metal::pow(largest_1, _e13);
    }
    float _e17 = dims.coefficient;
    if (_e17 == 0.0) {
        weight = 1.0;
    }
    float _e21 = weight;
    float _e26 = hyper.groups.inner[0].trust;
    weight = _e21 * _e26;
    float _e29 = at(1u, control, dims, _buffer_sizes);
    float _e30 = weight;
    float sum_5 = _e29 + _e30;
    keep(0u, largest_1, control, dims, _buffer_sizes);
    keep(1u, sum_5, control, dims, _buffer_sizes);
    float _e35 = weight;
    keep(2u, (sum_5 == 0.0) ? 0.0 : (_e35 / sum_5), control, dims, _buffer_sizes);
    return;
}
uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  uint lane [[thread_index_in_threadgroup]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5& control [[buffer(4)]]
, threadgroup type_7& sums
, constant Dims& dims [[buffer(0)]]
, device type_8 const& state [[buffer(2)]]
, device type_5& log [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    metal::float4 share = metal::float4 {};
    uint p = {};
    bool local = {};
    float factor = {};
    float shown = {};
    p = lane;
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_2 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_2) {
            uint _e19 = p;
            p = _e19 + 64u;
        }
        loop_init_2 = false;
        uint _e4 = p;
        uint _e7 = dims.parts;
        if (_e4 < _e7) {
        } else {
            break;
        }
        {
            metal::float4 _e9 = share;
            uint _e13 = dims.behind;
            uint _e14 = p;
            metal::float4 _e17 = state[metal::min(unsigned(_e13 + _e14), (_buffer_sizes.size4 - 0 - 16) / 16)];
            share = _e9 + _e17;
        }
    }
    metal::float4 _e22 = share;
    metal::float4 _e23 = tree(lane, _e22, sums);
    if (!((lane != 0u))) {
        bool _e29 = left_out(hyper, control, _buffer_sizes);
        local = _e29;
    } else {
        local = true;
    }
    bool _e31 = local;
    if (_e31) {
        return;
    }
    uint _e34 = dims.controllers;
    float _e35 = all_factors(_e34, control, _buffer_sizes);
    uint _e38 = hyper.slot;
    uint _e41 = dims.slots;
    uint slot = naga_mod(_e38, _e41) * LOG_WORDS;
    factor = _e35;
    shown = _e35;
    uint _e49 = dims.method;
    switch(_e49) {
        case 0u: {
            float _e50 = factor;
            float _e51 = dog(_e23, control, dims, _buffer_sizes);
            factor = _e50 * _e51;
            float _e53 = factor;
            shown = _e53;
            break;
        }
        case 1u: {
            float _e54 = factor;
            float _e55 = dowg(_e23, control, dims, _buffer_sizes);
            factor = _e54 * _e55;
            float _e57 = factor;
            shown = _e57;
            break;
        }
        case 2u: {
            float _e58 = factor;
            float _e61 = log[metal::min(unsigned(slot), (_buffer_sizes.size5 - 0 - 4) / 4)];
            float _e62 = sps(_e23, _e61, dims);
            factor = _e58 * _e62;
            float _e64 = factor;
            shown = _e64;
            break;
        }
        case 3u: {
            float _e65 = factor;
            float _e66 = hypergradient(_e23, control, dims, _buffer_sizes);
            factor = _e65 * _e66;
            float _e68 = factor;
            shown = _e68;
            break;
        }
        case 4u: {
            float _e69 = shown;
            float _e71 = distance(_e23, true, control, dims, _buffer_sizes);
            shown = _e69 * _e71;
            break;
        }
        case 5u: {
            float _e73 = shown;
            float _e75 = distance(_e23, false, control, dims, _buffer_sizes);
            shown = _e73 * _e75;
            break;
        }
        default: {
            float _e81 = hyper.groups.inner[0].lr;
            schedule_free(_e81 * _e35, hyper, control, dims, _buffer_sizes);
            break;
        }
    }
    float _e85 = factor;
    control[metal::min(unsigned(0), (_buffer_sizes.size1 - 0 - 4) / 4)] = _e85;
    float _e90 = shown;
    log[metal::min(unsigned(slot + 4u), (_buffer_sizes.size5 - 0 - 4) / 4)] = _e90;
    return;
}
