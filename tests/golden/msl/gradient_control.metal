// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size0;
    uint size3;
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
typedef float type_5[1];
constant uint LOG_WORDS = 5u;
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
    float factor = 1.0;
    bool local = {};
    bool local_1 = {};
    bool local_2 = {};
    uint s = 1u + (c.index * STATE);
    float _e10 = control[metal::min(unsigned(s), (_buffer_sizes.size0 - 0 - 4) / 4)];
    mean = _e10;
    float _e16 = control[metal::min(unsigned(s + 1u), (_buffer_sizes.size0 - 0 - 4) / 4)];
    reference = _e16;
    float _e22 = control[metal::min(unsigned(s + 2u), (_buffer_sizes.size0 - 0 - 4) / 4)];
    seen = _e22;
    bool _e26 = is_non_finite(squares);
    if (!(_e26)) {
        local = bad == 0.0;
    } else {
        local = false;
    }
    bool usable = local;
    if (c.rule == 0u) {
        float norm = metal::sqrt(squares);
        if (usable) {
            float _e40 = seen;
            local_1 = _e40 < static_cast<float>(c.reference);
        } else {
            local_1 = false;
        }
        bool _e45 = local_1;
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
            local_2 = _e70 != 0.0;
        } else {
            local_2 = false;
        }
        bool _e74 = local_2;
        if (_e74) {
            float _e75 = mean;
            float _e76 = reference;
            factor = metal::clamp(_e75 / _e76, c.floor, 1.0);
        }
    } else {
        if (usable) {
            float _e81 = mean;
            mean = _e81 + squares;
        }
        float _e86 = mean;
        factor = 1.0 / metal::sqrt((c.b0_ * c.b0_) + _e86);
    }
    float _e93 = mean;
    control[metal::min(unsigned(s), (_buffer_sizes.size0 - 0 - 4) / 4)] = _e93;
    float _e98 = reference;
    control[metal::min(unsigned(s + 1u), (_buffer_sizes.size0 - 0 - 4) / 4)] = _e98;
    float _e103 = seen;
    control[metal::min(unsigned(s + 2u), (_buffer_sizes.size0 - 0 - 4) / 4)] = _e103;
    float _e108 = factor;
    control[metal::min(unsigned(s + 3u), (_buffer_sizes.size0 - 0 - 4) / 4)] = _e108;
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
            float _e13 = control[metal::min(unsigned(_e9 * STATE), (_buffer_sizes.size0 - 0 - 4) / 4)];
            product = _e7 * _e13;
        }
    }
    float _e18 = product;
    return _e18;
}
uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


[[max_total_threads_per_threadgroup(1)]] kernel void main_(
  device type_5& control [[buffer(3)]]
, constant Controller& dims [[buffer(0)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5& log [[buffer(2)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    uint _e2 = hyper.slot;
    uint _e5 = dims.slots;
    uint at = naga_mod(_e2, _e5) * LOG_WORDS;
    Controller _e10 = dims;
    float _e15 = log[metal::min(unsigned(at + 2u), (_buffer_sizes.size3 - 0 - 4) / 4)];
    float _e20 = log[metal::min(unsigned(at + 3u), (_buffer_sizes.size3 - 0 - 4) / 4)];
    take_in(_e10, _e15, _e20, control, _buffer_sizes);
    uint _e23 = dims.count;
    float _e24 = all_factors(_e23, control, _buffer_sizes);
    control[metal::min(unsigned(0), (_buffer_sizes.size0 - 0 - 4) / 4)] = _e24;
    uint _e29 = dims.rule;
    if (_e29 == 1u) {
        log[metal::min(unsigned(at + 4u), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e24;
        return;
    } else {
        return;
    }
}
