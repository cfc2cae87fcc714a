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
    uint spare0_;
    uint spare1_;
    uint spare2_;
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
    uint spare;
    type_4 groups;
};
struct Dims {
    uint rows;
    uint cols;
};
typedef float type_5[1];
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

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5 const& goal [[buffer(2)]]
, device type_5 const& x_2 [[buffer(3)]]
, device type_5& row [[buffer(4)]]
, device type_5& dx [[buffer(5)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    float sum = 0.0;
    uint i = {};
    uint _e3 = group_index(group, groups);
    uint r = (_e3 * 64u) + lane;
    uint _e9 = dims.rows;
    if (r >= _e9) {
        return;
    }
    uint _e13 = dims.rows;
    uint _e16 = dims.cols;
    float scale = 2.0 / static_cast<float>(_e13 * _e16);
    uint _e25 = dims.cols;
    i = r * _e25;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e60 = i;
            i = _e60 + 1u;
        }
        loop_init = false;
        uint _e28 = i;
        uint _e33 = dims.cols;
        if (_e28 < ((r + 1u) * _e33)) {
        } else {
            break;
        }
        {
            uint _e37 = i;
            float _e39 = x_2[metal::min(unsigned(_e37), (_buffer_sizes.size3 - 0 - 4) / 4)];
            uint _e43 = hyper.cursor;
            uint _e46 = dims.cols;
            uint _e48 = i;
            float _e51 = goal[metal::min(unsigned((_e43 * _e46) + _e48), (_buffer_sizes.size2 - 0 - 4) / 4)];
            float error = _e39 - _e51;
            float _e53 = sum;
            sum = _e53 + (error * error);
            uint _e57 = i;
            dx[metal::min(unsigned(_e57), (_buffer_sizes.size5 - 0 - 4) / 4)] = scale * error;
        }
    }
    float _e67 = sum;
    uint _e70 = dims.cols;
    row[metal::min(unsigned(2u * r), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e67 / static_cast<float>(_e70);
    row[metal::min(unsigned((2u * r) + 1u), (_buffer_sizes.size4 - 0 - 4) / 4)] = 0.0;
    return;
}
