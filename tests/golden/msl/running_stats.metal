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
    uint channels;
    uint elements;
    float momentum;
    uint cumulative;
};
typedef float type_5[1];
constant uint LOG_WORDS = 5u;
constant uint LANES = 256u;

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

struct main_Input {
};
[[max_total_threads_per_threadgroup(256)]] kernel void main_(
  uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5 const& stat [[buffer(2)]]
, device type_5 const& control [[buffer(3)]]
, device type_5& running [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    bool local = {};
    uint c = {};
    bool local_1 = {};
    bool local_2 = {};
    bool local_3 = {};
    uint _e3 = hyper.leave_out;
    if (_e3 == 2u) {
        float _e14 = control[metal::min(unsigned((1 + (_buffer_sizes.size3 - 0 - 4) / 4) - 1u), (_buffer_sizes.size3 - 0 - 4) / 4)];
        local = _e14 == -1.0;
    } else {
        local = false;
    }
    bool ended = local;
    uint _e23 = dims.channels;
    float _e26 = running[metal::min(unsigned(2u * _e23), (_buffer_sizes.size4 - 0 - 4) / 4)];
    float count = _e26 + 1.0;
    metal::threadgroup_barrier(metal::mem_flags::mem_device);
    float _e31 = dims.momentum;
    uint _e36 = dims.cumulative;
    float weight = (_e36 != 0u) ? (1.0 / count) : _e31;
    uint _e42 = dims.elements;
    uint _e46 = dims.elements;
    float unbiased = static_cast<float>(_e42) / metal::max(static_cast<float>(_e46) - 1.0, 1.0);
    c = lane;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e115 = c;
            c = _e115 + LANES;
        }
        loop_init = false;
        uint _e54 = c;
        uint _e57 = dims.channels;
        if (_e54 < _e57) {
        } else {
            break;
        }
        {
            uint _e60 = c;
            float mean = stat[metal::min(unsigned(_e60), (_buffer_sizes.size2 - 0 - 4) / 4)];
            uint _e66 = dims.channels;
            uint _e67 = c;
            float _e70 = stat[metal::min(unsigned(_e66 + _e67), (_buffer_sizes.size2 - 0 - 4) / 4)];
            float variance = _e70 * unbiased;
            if (!(ended)) {
                bool _e75 = is_non_finite(mean);
                local_1 = !(_e75);
            } else {
                local_1 = false;
            }
            bool _e78 = local_1;
            if (_e78) {
                bool _e81 = is_non_finite(variance);
                local_2 = !(_e81);
            } else {
                local_2 = false;
            }
            bool _e84 = local_2;
            if (_e84) {
                uint _e86 = c;
                float _e88 = running[metal::min(unsigned(_e86), (_buffer_sizes.size4 - 0 - 4) / 4)];
                uint _e90 = c;
                float _e92 = running[metal::min(unsigned(_e90), (_buffer_sizes.size4 - 0 - 4) / 4)];
                running[metal::min(unsigned(_e86), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e88 + (weight * (mean - _e92));
                uint _e99 = dims.channels;
                uint _e100 = c;
                float _e103 = running[metal::min(unsigned(_e99 + _e100), (_buffer_sizes.size4 - 0 - 4) / 4)];
                uint _e107 = dims.channels;
                uint _e108 = c;
                float _e111 = running[metal::min(unsigned(_e107 + _e108), (_buffer_sizes.size4 - 0 - 4) / 4)];
                running[metal::min(unsigned(_e99 + _e100), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e103 + (weight * (variance - _e111));
            }
        }
    }
    if (lane == 0u) {
        local_3 = !(ended);
    } else {
        local_3 = false;
    }
    bool _e124 = local_3;
    if (_e124) {
        uint _e129 = dims.channels;
        running[metal::min(unsigned(2u * _e129), (_buffer_sizes.size4 - 0 - 4) / 4)] = count;
        return;
    } else {
        return;
    }
}
