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
    uint layer;
    uint threshold;
    float scale;
    uint mask;
};
typedef float type_5[1];
constant uint LOG_WORDS = 5u;
constant uint BIAS = 1u;
constant uint RELU = 2u;
constant uint MASK = 4u;

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

uint pcg(
    uint x_2
) {
    uint state = (x_2 * 747796405u) + 2891336453u;
    uint word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}

float relu(
    float x_3
) {
    bool local = {};
    uint bits = as_type<uint>(x_3);
    if (bits > 2147483648u) {
        local = bits <= 4286578688u;
    } else {
        local = false;
    }
    bool _e9 = local;
    return _e9 ? 0.0 : x_3;
}

float masked(
    float y,
    float dy
) {
    bool local_1 = {};
    uint bits_1 = as_type<uint>(y);
    if ((bits_1 - 1u) >= 2147483647u) {
        local_1 = bits_1 <= 4286578688u;
    } else {
        local_1 = false;
    }
    bool _e12 = local_1;
    return _e12 ? 0.0 : dy;
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5 const& x_4 [[buffer(2)]]
, device type_5 const& e [[buffer(3)]]
, device type_5& y_1 [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    float v = {};
    uint _e3 = group_index(group, groups);
    uint i = (_e3 * 64u) + lane;
    uint _e9 = dims.n;
    if (i >= _e9) {
        return;
    }
    uint _e13 = hyper.dropout_key0_;
    uint _e15 = pcg(i + _e13);
    uint _e18 = hyper.dropout_key1_;
    uint _e20 = pcg(_e15 ^ _e18);
    uint _e23 = dims.layer;
    uint _e27 = pcg(_e20 + (_e23 * 2654435769u));
    float _e30 = x_4[metal::min(unsigned(i), (_buffer_sizes.size2 - 0 - 4) / 4)];
    float _e33 = dims.scale;
    uint _e39 = dims.threshold;
    v = ((_e27 >> 1u) >= _e39) ? (_e30 * _e33) : 0.0;
    uint _e46 = dims.mask;
    if (_e46 != 0u) {
        float _e51 = e[metal::min(unsigned(i), (_buffer_sizes.size3 - 0 - 4) / 4)];
        float _e52 = v;
        float _e53 = masked(_e51, _e52);
        v = _e53;
    }
    float _e56 = v;
    y_1[metal::min(unsigned(i), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e56;
    return;
}
