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
    uint cols;
    uint weights;
    float smoothing;
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

float weight(
    uint c_3,
    constant Dims& dims,
    device type_5 const& label,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e4 = dims.weights;
    uint _e7 = label[metal::min(unsigned(_e4 + c_3), (_buffer_sizes.size2 - 0 - 4) / 4)];
    return as_type<float>(_e7);
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5 const& label [[buffer(2)]]
, device type_6 const& logits [[buffer(3)]]
, device type_6& row [[buffer(4)]]
, device type_6& dlogits [[buffer(5)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    float batch = 0.0;
    uint i = 0u;
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
    float weights = 0.0;
    float lost = 0.0;
    uint c_1 = 0u;
    uint c_2 = 0u;
    uint _e3 = group_index(group, groups);
    uint r = (_e3 * 64u) + lane;
    uint _e9 = dims.rows;
    if (r >= _e9) {
        return;
    }
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e31 = i;
            i = _e31 + 1u;
        }
        loop_init = false;
        uint _e15 = i;
        uint _e18 = dims.rows;
        if (_e15 < _e18) {
        } else {
            break;
        }
        {
            float _e20 = batch;
            uint _e24 = hyper.cursor;
            uint _e25 = i;
            uint _e28 = label[metal::min(unsigned(_e24 + _e25), (_buffer_sizes.size2 - 0 - 4) / 4)];
            float _e29 = weight(_e28, dims, label, _buffer_sizes);
            batch = _e20 + _e29;
        }
    }
    uint _e37 = hyper.cursor;
    uint hit = label[metal::min(unsigned(_e37 + r), (_buffer_sizes.size2 - 0 - 4) / 4)];
    uint _e43 = dims.cols;
    uint start = r * _e43;
    float x_hit = logits[metal::min(unsigned(start + hit), (_buffer_sizes.size3 - 0 - 4) / 4)];
    float _e51 = logits[metal::min(unsigned(start), (_buffer_sizes.size3 - 0 - 4) / 4)];
    top = _e51;
    bool _e53 = is_nan(x_hit);
    right = !(_e53);
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e101 = c;
            c = _e101 + 1u;
        }
        loop_init_1 = false;
        uint _e58 = c;
        uint _e61 = dims.cols;
        if (_e58 < _e61) {
        } else {
            break;
        }
        {
            uint _e64 = c;
            float x_2 = logits[metal::min(unsigned(start + _e64), (_buffer_sizes.size3 - 0 - 4) / 4)];
            float _e68 = top;
            top = metal::max(_e68, x_2);
            bool _e70 = right;
            if (_e70) {
                uint _e73 = c;
                if (!((_e73 == hit))) {
                    uint _e78 = c;
                    if (_e78 < hit) {
                        local_2 = x_2 < x_hit;
                    } else {
                        local_2 = false;
                    }
                    bool _e84 = local_2;
                    local_1 = _e84;
                } else {
                    local_1 = true;
                }
                bool _e86 = local_1;
                if (!(_e86)) {
                    uint _e90 = c;
                    if (_e90 > hit) {
                        local_4 = x_2 <= x_hit;
                    } else {
                        local_4 = false;
                    }
                    bool _e96 = local_4;
                    local_3 = _e96;
                } else {
                    local_3 = true;
                }
                bool _e98 = local_3;
                local = _e98;
            } else {
                local = false;
            }
            bool _e100 = local;
            right = _e100;
        }
    }
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_2 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_2) {
            uint _e145 = c_1;
            c_1 = _e145 + 1u;
        }
        loop_init_2 = false;
        uint _e114 = c_1;
        uint _e117 = dims.cols;
        if (_e114 < _e117) {
        } else {
            break;
        }
        {
            uint _e120 = c_1;
            float x_3 = logits[metal::min(unsigned(start + _e120), (_buffer_sizes.size3 - 0 - 4) / 4)];
            float _e124 = total;
            float _e125 = top;
            total = _e124 + metal::exp(x_3 - _e125);
            float _e129 = below;
            uint _e130 = c_1;
            float _e131 = weight(_e130, dims, label, _buffer_sizes);
            float _e132 = top;
            below = _e129 + (_e131 * (_e132 - x_3));
            float _e136 = weights;
            uint _e137 = c_1;
            float _e138 = weight(_e137, dims, label, _buffer_sizes);
            weights = _e136 + _e138;
            float _e140 = lost;
            bool _e141 = is_nan(x_3);
            lost = _e140 + (_e141 ? x_3 : 0.0);
        }
    }
    float _e148 = total;
    float _e150 = lost;
    float spread = metal::log(_e148) + _e150;
    float _e154 = dims.smoothing;
    uint _e157 = dims.cols;
    float even = _e154 / static_cast<float>(_e157);
    float _e162 = dims.smoothing;
    float _e165 = weight(hit, dims, label, _buffer_sizes);
    float own = (1.0 - _e162) * _e165;
    float _e167 = top;
    float _e171 = weights;
    float _e173 = below;
    float loss = (own * (spread + (_e167 - x_hit))) + (even * ((_e171 * spread) + _e173));
    uint _e183 = dims.rows;
    float _e186 = batch;
    row[metal::min(unsigned(2u * r), (_buffer_sizes.size4 - 0 - 4) / 4)] = (loss * static_cast<float>(_e183)) / _e186;
    bool _e194 = right;
    row[metal::min(unsigned((2u * r) + 1u), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e194 ? 1.0 : 0.0;
    uint2 loop_bound_3 = uint2(4294967295u);
    bool loop_init_3 = true;
    while(true) {
        if (metal::all(loop_bound_3 == uint2(0u))) { break; }
        loop_bound_3 -= uint2(loop_bound_3.y == 0u, 1u);
        if (!loop_init_3) {
            uint _e236 = c_2;
            c_2 = _e236 + 1u;
        }
        loop_init_3 = false;
        uint _e200 = c_2;
        uint _e203 = dims.cols;
        if (_e200 < _e203) {
        } else {
            break;
        }
        {
            uint _e206 = c_2;
            float _e209 = logits[metal::min(unsigned(start + _e206), (_buffer_sizes.size3 - 0 - 4) / 4)];
            float _e210 = top;
            float _e213 = total;
            float _e215 = lost;
            float p = (metal::exp(_e209 - _e210) / _e213) + _e215;
            uint _e217 = c_2;
            float _e218 = weight(_e217, dims, label, _buffer_sizes);
            uint _e220 = c_2;
            float pull = (even * _e218) + ((_e220 == hit) ? own : 0.0);
            uint _e226 = c_2;
            float _e229 = weights;
            float _e234 = batch;
            dlogits[metal::min(unsigned(start + _e226), (_buffer_sizes.size5 - 0 - 4) / 4)] = ((p * (own + (even * _e229))) - pull) / _e234;
        }
    }
    return;
}
