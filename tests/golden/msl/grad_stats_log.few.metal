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
    metal::float2 inner[8];
};
struct Dims {
    uint n;
    uint slots;
};
typedef metal::float4 type_8[1];
typedef float type_9[1];
constant uint LOG_WORDS = 5u;
constant uint LANES = 8u;

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
    device type_8 const& grad,
    constant _mslBufferSizes& _buffer_sizes
) {
    Norm norm_2 = Norm {};
    uint i = {};
    uint half_ = 4u;
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
    sums.inner[metal::min(unsigned(lane_1), 7u)] = _e23;
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
                metal::float2 _e33 = sums.inner[metal::min(unsigned(lane_1), 7u)];
                uint _e35 = half_;
                metal::float2 _e38 = sums.inner[metal::min(unsigned(lane_1 + _e35), 7u)];
                sums.inner[metal::min(unsigned(lane_1), 7u)] = _e33 + _e38;
            }
        }
    }
    metal::float2 _e45 = sums.inner[metal::min(unsigned(lane_1), 7u)];
    return _e45;
}

void clip(
    float loss,
    float squares,
    float bad,
    device type_9& control,
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
uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(8)]] kernel void main_(
  uint lane [[thread_index_in_threadgroup]]
, threadgroup type_7& sums
, constant Dims& dims [[buffer(0)]]
, device type_8 const& grad [[buffer(2)]]
, device type_9& control [[buffer(4)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_9& log [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    metal::float2 _e1 = grad_sum(lane, sums, dims, grad, _buffer_sizes);
    if (lane == 0u) {
        uint _e6 = hyper.slot;
        uint _e9 = dims.slots;
        uint at = naga_mod(_e6, _e9) * LOG_WORDS;
        log[metal::min(unsigned(at + 2u), (_buffer_sizes.size5 - 0 - 4) / 4)] = _e1.x;
        log[metal::min(unsigned(at + 3u), (_buffer_sizes.size5 - 0 - 4) / 4)] = _e1.y;
        float _e29 = control[metal::min(unsigned(0), (_buffer_sizes.size3 - 0 - 4) / 4)];
        log[metal::min(unsigned(at + 4u), (_buffer_sizes.size5 - 0 - 4) / 4)] = _e29;
        float _e32 = log[metal::min(unsigned(at), (_buffer_sizes.size5 - 0 - 4) / 4)];
        clip(_e32, _e1.x, _e1.y, control, hyper, _buffer_sizes);
        return;
    } else {
        return;
    }
}
