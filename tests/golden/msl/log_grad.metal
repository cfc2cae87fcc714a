// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size0;
    uint size3;
    uint size4;
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
struct Dims {
    uint parts;
    uint slots;
};
struct type_7 {
    metal::float2 inner[64];
};
constant uint LOG_WORDS = 5u;
constant uint LANES = 64u;

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

void clip(
    float loss,
    float squares,
    float bad,
    device type_5& control,
    constant Hyper& hyper,
    constant _mslBufferSizes& _buffer_sizes
) {
    float scale = 1.0;
    bool local = {};
    bool local_1 = {};
    bool local_2 = {};
    uint last = (1 + (_buffer_sizes.size0 - 0 - 4) / 4) - 1u;
    float _e11 = hyper.clip_norm;
    if (_e11 > 0.0) {
        float _e16 = hyper.clip_norm;
        scale = metal::min(_e16 / (metal::sqrt(squares) + 0.000001), 1.0);
    }
    uint _e25 = hyper.leave_out;
    if (_e25 != 0u) {
        uint _e30 = hyper.leave_out;
        if (_e30 == 2u) {
            float _e37 = control[metal::min(unsigned(last), (_buffer_sizes.size0 - 0 - 4) / 4)];
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
    control[metal::min(unsigned(last), (_buffer_sizes.size0 - 0 - 4) / 4)] = _e58;
    return;
}
uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  uint lane [[thread_index_in_threadgroup]]
, device type_5& control [[buffer(4)]]
, constant Hyper& hyper [[buffer(1)]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& part [[buffer(2)]]
, device type_5& log [[buffer(3)]]
, threadgroup type_7& sums
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    metal::float2 s = metal::float2 {};
    uint p = {};
    uint half_ = 32u;
    p = lane;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e26 = p;
            p = _e26 + LANES;
        }
        loop_init = false;
        uint _e4 = p;
        uint _e7 = dims.parts;
        if (_e4 < _e7) {
        } else {
            break;
        }
        {
            metal::float2 _e9 = s;
            uint _e12 = p;
            float _e15 = part[metal::min(unsigned(2u * _e12), (_buffer_sizes.size3 - 0 - 4) / 4)];
            uint _e18 = p;
            float _e23 = part[metal::min(unsigned((2u * _e18) + 1u), (_buffer_sizes.size3 - 0 - 4) / 4)];
            s = _e9 + metal::float2(_e15, _e23);
        }
    }
    metal::float2 _e31 = s;
    sums.inner[metal::min(unsigned(lane), 63u)] = _e31;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e48 = half_;
            half_ = naga_div(_e48, 2u);
        }
        loop_init_1 = false;
        uint _e34 = half_;
        if (_e34 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e37 = half_;
            if (lane < _e37) {
                metal::float2 _e41 = sums.inner[metal::min(unsigned(lane), 63u)];
                uint _e43 = half_;
                metal::float2 _e46 = sums.inner[metal::min(unsigned(lane + _e43), 63u)];
                sums.inner[metal::min(unsigned(lane), 63u)] = _e41 + _e46;
            }
        }
    }
    if (lane == 0u) {
        uint _e55 = hyper.slot;
        uint _e58 = dims.slots;
        uint at = naga_mod(_e55, _e58) * LOG_WORDS;
        float _e69 = sums.inner[0].x;
        log[metal::min(unsigned(at + 2u), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e69;
        float _e77 = sums.inner[0].y;
        log[metal::min(unsigned(at + 3u), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e77;
        float _e84 = control[metal::min(unsigned(0), (_buffer_sizes.size0 - 0 - 4) / 4)];
        log[metal::min(unsigned(at + 4u), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e84;
        float _e87 = log[metal::min(unsigned(at), (_buffer_sizes.size4 - 0 - 4) / 4)];
        float _e91 = sums.inner[0].x;
        float _e95 = sums.inner[0].y;
        clip(_e87, _e91, _e95, control, hyper, _buffer_sizes);
        return;
    } else {
        return;
    }
}
