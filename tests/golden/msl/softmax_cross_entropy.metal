// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
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
    uint cols;
    float smoothing;
};
typedef float type_5[1];
typedef uint type_7[1];
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

metal::float2 cross_entropy(
    uint r,
    uint hit,
    constant Dims& dims,
    device type_5 const& logits,
    device type_5& dlogits,
    constant _mslBufferSizes& _buffer_sizes
) {
    float top = {};
    bool right = {};
    uint c = 0u;
    bool local = {};
    bool local_1 = {};
    bool local_2 = {};
    bool local_3 = {};
    bool local_4 = {};
    float total = 0.0;
    float below = 0.0;
    uint c_1 = 0u;
    float loss = {};
    uint c_2 = 0u;
    uint _e4 = dims.cols;
    uint start = r * _e4;
    float x_hit = logits[metal::min(unsigned(start + hit), (_buffer_sizes.size1 - 0 - 4) / 4)];
    float _e12 = logits[metal::min(unsigned(start), (_buffer_sizes.size1 - 0 - 4) / 4)];
    top = _e12;
    bool _e14 = is_nan(x_hit);
    right = !(_e14);
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e62 = c;
            c = _e62 + 1u;
        }
        loop_init = false;
        uint _e19 = c;
        uint _e22 = dims.cols;
        if (_e19 < _e22) {
        } else {
            break;
        }
        {
            uint _e25 = c;
            float x_2 = logits[metal::min(unsigned(start + _e25), (_buffer_sizes.size1 - 0 - 4) / 4)];
            float _e29 = top;
            top = metal::max(_e29, x_2);
            uint _e31 = c;
            if (!((_e31 == hit))) {
                uint _e36 = c;
                if (_e36 < hit) {
                    local_1 = x_2 < x_hit;
                } else {
                    local_1 = false;
                }
                bool _e42 = local_1;
                local = _e42;
            } else {
                local = true;
            }
            bool _e44 = local;
            if (!(_e44)) {
                uint _e48 = c;
                if (_e48 > hit) {
                    local_3 = x_2 <= x_hit;
                } else {
                    local_3 = false;
                }
                bool _e54 = local_3;
                local_2 = _e54;
            } else {
                local_2 = true;
            }
            bool beaten = local_2;
            bool _e57 = right;
            if (_e57) {
                local_4 = beaten;
            } else {
                local_4 = false;
            }
            bool _e61 = local_4;
            right = _e61;
        }
    }
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e90 = c_1;
            c_1 = _e90 + 1u;
        }
        loop_init_1 = false;
        uint _e71 = c_1;
        uint _e74 = dims.cols;
        if (_e71 < _e74) {
        } else {
            break;
        }
        {
            uint _e77 = c_1;
            float x_3 = logits[metal::min(unsigned(start + _e77), (_buffer_sizes.size1 - 0 - 4) / 4)];
            float _e81 = total;
            float _e82 = top;
            total = _e81 + metal::exp(x_3 - _e82);
            float _e86 = below;
            float _e87 = top;
            below = _e86 + (_e87 - x_3);
        }
    }
    float _e93 = below;
    float _e94 = below;
    bool _e95 = is_nan(_e94);
    float lost = _e95 ? _e93 : 0.0;
    float _e98 = total;
    total = _e98 + lost;
    float _e100 = total;
    float spread = metal::log(_e100) + lost;
    float _e105 = dims.smoothing;
    float _e108 = top;
    loss = (1.0 - _e105) * (spread + (_e108 - x_hit));
    float _e115 = dims.smoothing;
    if (_e115 > 0.0) {
        float _e118 = loss;
        float _e121 = dims.smoothing;
        float _e122 = below;
        uint _e125 = dims.cols;
        loss = _e118 + (_e121 * (spread + (_e122 / static_cast<float>(_e125))));
    }
    float _e133 = dims.smoothing;
    uint _e136 = dims.cols;
    float even = _e133 / static_cast<float>(_e136);
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_2 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_2) {
            uint _e175 = c_2;
            c_2 = _e175 + 1u;
        }
        loop_init_2 = false;
        uint _e141 = c_2;
        uint _e144 = dims.cols;
        if (_e141 < _e144) {
        } else {
            break;
        }
        {
            uint _e147 = c_2;
            float _e150 = logits[metal::min(unsigned(start + _e147), (_buffer_sizes.size1 - 0 - 4) / 4)];
            float _e151 = top;
            float _e154 = total;
            float p = metal::exp(_e150 - _e151) / _e154;
            float _e158 = dims.smoothing;
            uint _e162 = c_2;
            float target_p = (_e162 == hit) ? ((1.0 - _e158) + even) : even;
            uint _e166 = c_2;
            uint _e172 = dims.rows;
            dlogits[metal::min(unsigned(start + _e166), (_buffer_sizes.size2 - 0 - 4) / 4)] = (p - target_p) / static_cast<float>(_e172);
        }
    }
    float _e178 = loss;
    bool _e179 = right;
    return metal::float2(_e178, _e179 ? 1.0 : 0.0);
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& logits [[buffer(3)]]
, device type_5& dlogits [[buffer(5)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_7 const& label [[buffer(2)]]
, device type_5& row [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    uint _e3 = group_index(group, groups);
    uint r_1 = (_e3 * 64u) + lane;
    uint _e9 = dims.rows;
    if (r_1 >= _e9) {
        return;
    }
    uint _e14 = hyper.cursor;
    uint _e17 = label[metal::min(unsigned(_e14 + r_1), (_buffer_sizes.size4 - 0 - 4) / 4)];
    metal::float2 _e18 = cross_entropy(r_1, _e17, dims, logits, dlogits, _buffer_sizes);
    row[metal::min(unsigned(2u * r_1), (_buffer_sizes.size5 - 0 - 4) / 4)] = _e18.x;
    row[metal::min(unsigned((2u * r_1) + 1u), (_buffer_sizes.size5 - 0 - 4) / 4)] = _e18.y;
    return;
}
