// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size2;
    uint size3;
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
};
struct Dims {
    uint n;
    uint which;
};
typedef metal::float4 type_5[1];
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


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5 const& param [[buffer(2)]]
, device type_5& average [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    uint i = {};
    float _e5 = hyper.ema;
    float _e8 = hyper.swa;
    uint _e11 = dims.which;
    float weight = (_e11 == 1u) ? _e8 : _e5;
    if (weight == 0.0) {
        return;
    }
    uint _e17 = group_index(group, groups);
    uint first = (_e17 * 64u) + lane;
    uint stride = (groups.x * groups.y) * 64u;
    i = first;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e58 = i;
            i = _e58 + stride;
        }
        loop_init = false;
        uint _e27 = i;
        uint _e30 = dims.n;
        if (_e27 < naga_div(_e30, 4u)) {
        } else {
            break;
        }
        {
            if (weight == 1.0) {
                uint _e37 = i;
                uint _e40 = i;
                metal::float4 _e42 = param[metal::min(unsigned(_e40), (_buffer_sizes.size2 - 0 - 16) / 16)];
                average[metal::min(unsigned(_e37), (_buffer_sizes.size3 - 0 - 16) / 16)] = _e42;
            } else {
                uint _e44 = i;
                metal::float4 _e46 = average[metal::min(unsigned(_e44), (_buffer_sizes.size3 - 0 - 16) / 16)];
                uint _e48 = i;
                metal::float4 _e50 = param[metal::min(unsigned(_e48), (_buffer_sizes.size2 - 0 - 16) / 16)];
                uint _e52 = i;
                metal::float4 _e54 = average[metal::min(unsigned(_e52), (_buffer_sizes.size3 - 0 - 16) / 16)];
                average[metal::min(unsigned(_e44), (_buffer_sizes.size3 - 0 - 16) / 16)] = _e46 + (weight * (_e50 - _e54));
            }
        }
    }
    return;
}
