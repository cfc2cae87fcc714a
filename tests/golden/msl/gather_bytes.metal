// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size2;
    uint size3;
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
struct Dims {
    uint rows;
    uint channels;
    uint plane;
};
typedef uint type_5[1];
typedef float type_6[1];
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
, device type_5 const& order [[buffer(2)]]
, device type_5 const& data [[buffer(3)]]
, device type_6 const& table [[buffer(4)]]
, device type_6& batch [[buffer(5)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    uint _e3 = group_index(group, groups);
    uint i = (_e3 * 64u) + lane;
    uint _e9 = dims.channels;
    uint _e12 = dims.plane;
    uint sample = _e9 * _e12;
    uint _e16 = dims.rows;
    if (i >= (_e16 * sample)) {
        return;
    }
    uint _e19 = divide(i, sample);
    uint word = i - (_e19 * sample);
    uint _e25 = hyper.cursor;
    uint _e28 = order[metal::min(unsigned(_e25 + _e19), (_buffer_sizes.size2 - 0 - 4) / 4)];
    uint at = (_e28 * sample) + word;
    uint _e35 = data[metal::min(unsigned(naga_div(at, 4u)), (_buffer_sizes.size3 - 0 - 4) / 4)];
    uint byte = (_e35 >> (8u * naga_mod(at, 4u))) & 255u;
    uint _e48 = dims.plane;
    uint _e49 = divide(word, _e48);
    float _e54 = table[metal::min(unsigned((_e49 * 256u) + byte), (_buffer_sizes.size4 - 0 - 4) / 4)];
    batch[metal::min(unsigned(i), (_buffer_sizes.size5 - 0 - 4) / 4)] = _e54;
    return;
}
