// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
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
    uint n;
    uint which;
};
typedef metal::float4 type_7[1];
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

bool left_out(
    constant Hyper& hyper,
    device type_5 const& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local_2 = {};
    uint _e2 = hyper.leave_out;
    if (_e2 != 0u) {
        float _e13 = control[metal::min(unsigned((1 + (_buffer_sizes.size1 - 0 - 4) / 4) - 1u), (_buffer_sizes.size1 - 0 - 4) / 4)];
        local_2 = _e13 == -1.0;
    } else {
        local_2 = false;
    }
    bool _e17 = local_2;
    return _e17;
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
, constant Hyper& hyper [[buffer(1)]]
, device type_5 const& control [[buffer(3)]]
, constant Dims& dims [[buffer(0)]]
, device type_7 const& param [[buffer(2)]]
, device type_7& average [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    bool local = {};
    bool local_1 = {};
    uint i = {};
    float _e5 = hyper.ema;
    float _e8 = hyper.swa;
    uint _e11 = dims.which;
    float weight = (_e11 == 1u) ? _e8 : _e5;
    if (!((weight == 0.0))) {
        uint _e22 = dims.which;
        if (_e22 == 0u) {
            bool _e27 = left_out(hyper, control, _buffer_sizes);
            local_1 = _e27;
        } else {
            local_1 = false;
        }
        bool _e29 = local_1;
        local = _e29;
    } else {
        local = true;
    }
    bool _e31 = local;
    if (_e31) {
        return;
    }
    uint _e32 = group_index(group, groups);
    uint first = (_e32 * 64u) + lane;
    uint stride = (groups.x * groups.y) * 64u;
    i = first;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e73 = i;
            i = _e73 + stride;
        }
        loop_init = false;
        uint _e42 = i;
        uint _e45 = dims.n;
        if (_e42 < naga_div(_e45, 4u)) {
        } else {
            break;
        }
        {
            if (weight == 1.0) {
                uint _e52 = i;
                uint _e55 = i;
                metal::float4 _e57 = param[metal::min(unsigned(_e55), (_buffer_sizes.size3 - 0 - 16) / 16)];
                average[metal::min(unsigned(_e52), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e57;
            } else {
                uint _e59 = i;
                metal::float4 _e61 = average[metal::min(unsigned(_e59), (_buffer_sizes.size4 - 0 - 16) / 16)];
                uint _e63 = i;
                metal::float4 _e65 = param[metal::min(unsigned(_e63), (_buffer_sizes.size3 - 0 - 16) / 16)];
                uint _e67 = i;
                metal::float4 _e69 = average[metal::min(unsigned(_e67), (_buffer_sizes.size4 - 0 - 16) / 16)];
                average[metal::min(unsigned(_e59), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e61 + (weight * (_e65 - _e69));
            }
        }
    }
    return;
}
