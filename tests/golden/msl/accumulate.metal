// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size2;
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
struct Dims {
    uint n;
    uint slots;
};
typedef metal::float4 type_6[1];
typedef float type_7[1];
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
uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_6 const& grad [[buffer(2)]]
, device type_6& sum [[buffer(3)]]
, device type_7& log [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    uint i = {};
    metal::float4 batch = {};
    uint _e3 = group_index(group, groups);
    uint first = (_e3 * 64u) + lane;
    uint stride = (groups.x * groups.y) * 64u;
    i = first;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e41 = i;
            i = _e41 + stride;
        }
        loop_init = false;
        uint _e13 = i;
        uint _e16 = dims.n;
        if (_e13 < naga_div(_e16, 4u)) {
        } else {
            break;
        }
        {
            float _e22 = hyper.share;
            uint _e24 = i;
            metal::float4 _e26 = grad[metal::min(unsigned(_e24), (_buffer_sizes.size2 - 0 - 16) / 16)];
            metal::float4 g = _e22 * _e26;
            uint _e30 = hyper.begin;
            if (_e30 != 0u) {
                uint _e34 = i;
                sum[metal::min(unsigned(_e34), (_buffer_sizes.size3 - 0 - 16) / 16)] = g;
            } else {
                uint _e37 = i;
                metal::float4 _e39 = sum[metal::min(unsigned(_e37), (_buffer_sizes.size3 - 0 - 16) / 16)];
                sum[metal::min(unsigned(_e37), (_buffer_sizes.size3 - 0 - 16) / 16)] = _e39 + g;
            }
        }
    }
    if (first == 0u) {
        uint _e47 = hyper.slot;
        uint _e50 = dims.slots;
        uint at = naga_mod(_e47, _e50) * LOG_WORDS;
        float _e56 = hyper.share;
        float _e59 = log[metal::min(unsigned(at), (_buffer_sizes.size4 - 0 - 4) / 4)];
        float _e65 = log[metal::min(unsigned(at + 1u), (_buffer_sizes.size4 - 0 - 4) / 4)];
        batch = metal::float4(_e56 * _e59, _e65, 0.0, 0.0);
        uint _e72 = hyper.begin;
        if (_e72 == 0u) {
            metal::float4 _e75 = batch;
            uint _e79 = dims.n;
            metal::float4 _e83 = sum[metal::min(unsigned(naga_div(_e79, 4u)), (_buffer_sizes.size3 - 0 - 16) / 16)];
            batch = _e75 + _e83;
        }
        uint _e88 = dims.n;
        metal::float4 _e92 = batch;
        sum[metal::min(unsigned(naga_div(_e88, 4u)), (_buffer_sizes.size3 - 0 - 16) / 16)] = _e92;
        float _e96 = batch.x;
        log[metal::min(unsigned(at), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e96;
        float _e102 = batch.y;
        log[metal::min(unsigned(at + 1u), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e102;
        return;
    } else {
        return;
    }
}
