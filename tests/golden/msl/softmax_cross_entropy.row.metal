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
    float smoothing;
};
typedef uint type_5[1];
typedef float type_6[1];
struct type_8 {
    metal::float2 inner[64];
};
constant uint LOG_WORDS = 5u;
constant uint LANES = 64u;

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
, device type_5 const& label [[buffer(2)]]
, device type_6 const& logits [[buffer(3)]]
, device type_6& row [[buffer(4)]]
, device type_6& dlogits [[buffer(5)]]
, threadgroup type_8& tops
, threadgroup type_8& sums
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    if (lane == 0u) {
        tops = {};
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float most = {};
    bool right = {};
    uint c = {};
    bool local = {};
    bool local_1 = {};
    bool local_2 = {};
    bool local_3 = {};
    bool local_4 = {};
    uint half_ = 32u;
    metal::float2 sum = metal::float2 {};
    uint c_1 = {};
    uint half_1 = 32u;
    float loss = {};
    uint c_2 = {};
    uint _e3 = group_index(group, groups);
    uint _e6 = dims.rows;
    if (_e3 >= _e6) {
        return;
    }
    uint _e10 = dims.cols;
    uint start = _e3 * _e10;
    uint _e15 = hyper.cursor;
    uint hit = label[metal::min(unsigned(_e15 + _e3), (_buffer_sizes.size2 - 0 - 4) / 4)];
    float x_hit = logits[metal::min(unsigned(start + hit), (_buffer_sizes.size3 - 0 - 4) / 4)];
    float _e25 = logits[metal::min(unsigned(start), (_buffer_sizes.size3 - 0 - 4) / 4)];
    most = _e25;
    bool _e27 = is_nan(x_hit);
    right = !(_e27);
    c = lane;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e74 = c;
            c = _e74 + LANES;
        }
        loop_init = false;
        uint _e31 = c;
        uint _e34 = dims.cols;
        if (_e31 < _e34) {
        } else {
            break;
        }
        {
            uint _e37 = c;
            float x_2 = logits[metal::min(unsigned(start + _e37), (_buffer_sizes.size3 - 0 - 4) / 4)];
            float _e41 = most;
            most = metal::max(_e41, x_2);
            uint _e43 = c;
            if (!((_e43 == hit))) {
                uint _e48 = c;
                if (_e48 < hit) {
                    local_1 = x_2 < x_hit;
                } else {
                    local_1 = false;
                }
                bool _e54 = local_1;
                local = _e54;
            } else {
                local = true;
            }
            bool _e56 = local;
            if (!(_e56)) {
                uint _e60 = c;
                if (_e60 > hit) {
                    local_3 = x_2 <= x_hit;
                } else {
                    local_3 = false;
                }
                bool _e66 = local_3;
                local_2 = _e66;
            } else {
                local_2 = true;
            }
            bool beaten = local_2;
            bool _e69 = right;
            if (_e69) {
                local_4 = beaten;
            } else {
                local_4 = false;
            }
            bool _e73 = local_4;
            right = _e73;
        }
    }
    float _e79 = most;
    bool _e80 = right;
    tops.inner[metal::min(unsigned(lane), 63u)] = metal::float2(_e79, _e80 ? 1.0 : 0.0);
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e112 = half_;
            half_ = naga_div(_e112, 2u);
        }
        loop_init_1 = false;
        uint _e87 = half_;
        if (_e87 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e90 = half_;
            if (lane < _e90) {
                uint _e93 = half_;
                metal::float2 other = tops.inner[metal::min(unsigned(lane + _e93), 63u)];
                float _e102 = tops.inner[metal::min(unsigned(lane), 63u)].x;
                float _e108 = tops.inner[metal::min(unsigned(lane), 63u)].y;
                tops.inner[metal::min(unsigned(lane), 63u)] = metal::float2(metal::max(_e102, other.x), _e108 * other.y);
            }
        }
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float top = tops.inner[0].x;
    c_1 = lane;
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_2 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_2) {
            uint _e138 = c_1;
            c_1 = _e138 + LANES;
        }
        loop_init_2 = false;
        uint _e122 = c_1;
        uint _e125 = dims.cols;
        if (_e122 < _e125) {
        } else {
            break;
        }
        {
            uint _e128 = c_1;
            float x_3 = logits[metal::min(unsigned(start + _e128), (_buffer_sizes.size3 - 0 - 4) / 4)];
            metal::float2 _e132 = sum;
            sum = _e132 + metal::float2(metal::exp(x_3 - top), top - x_3);
        }
    }
    metal::float2 _e143 = sum;
    sums.inner[metal::min(unsigned(lane), 63u)] = _e143;
    uint2 loop_bound_3 = uint2(4294967295u);
    bool loop_init_3 = true;
    while(true) {
        if (metal::all(loop_bound_3 == uint2(0u))) { break; }
        loop_bound_3 -= uint2(loop_bound_3.y == 0u, 1u);
        if (!loop_init_3) {
            uint _e160 = half_1;
            half_1 = naga_div(_e160, 2u);
        }
        loop_init_3 = false;
        uint _e146 = half_1;
        if (_e146 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e149 = half_1;
            if (lane < _e149) {
                metal::float2 _e153 = sums.inner[metal::min(unsigned(lane), 63u)];
                uint _e155 = half_1;
                metal::float2 _e158 = sums.inner[metal::min(unsigned(lane + _e155), 63u)];
                sums.inner[metal::min(unsigned(lane), 63u)] = _e153 + _e158;
            }
        }
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float _e166 = sums.inner[0].y;
    float _e170 = sums.inner[0].y;
    bool _e171 = is_nan(_e170);
    float lost = _e171 ? _e166 : 0.0;
    float _e177 = sums.inner[0].x;
    float total = _e177 + lost;
    if (lane == 0u) {
        float spread = metal::log(total) + lost;
        float _e185 = dims.smoothing;
        loss = (1.0 - _e185) * (spread + (top - x_hit));
        float _e194 = dims.smoothing;
        if (_e194 > 0.0) {
            float _e197 = loss;
            float _e200 = dims.smoothing;
            float _e204 = sums.inner[0].y;
            uint _e207 = dims.cols;
            loss = _e197 + (_e200 * (spread + (_e204 / static_cast<float>(_e207))));
        }
        float _e217 = loss;
        row[metal::min(unsigned(2u * _e3), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e217;
        float _e227 = tops.inner[0].y;
        row[metal::min(unsigned((2u * _e3) + 1u), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e227;
    }
    float _e230 = dims.smoothing;
    uint _e233 = dims.cols;
    float even = _e230 / static_cast<float>(_e233);
    c_2 = lane;
    uint2 loop_bound_4 = uint2(4294967295u);
    bool loop_init_4 = true;
    while(true) {
        if (metal::all(loop_bound_4 == uint2(0u))) { break; }
        loop_bound_4 -= uint2(loop_bound_4.y == 0u, 1u);
        if (!loop_init_4) {
            uint _e269 = c_2;
            c_2 = _e269 + LANES;
        }
        loop_init_4 = false;
        uint _e237 = c_2;
        uint _e240 = dims.cols;
        if (_e237 < _e240) {
        } else {
            break;
        }
        {
            uint _e243 = c_2;
            float _e246 = logits[metal::min(unsigned(start + _e243), (_buffer_sizes.size3 - 0 - 4) / 4)];
            float p = metal::exp(_e246 - top) / total;
            float _e252 = dims.smoothing;
            uint _e256 = c_2;
            float target_p = (_e256 == hit) ? ((1.0 - _e252) + even) : even;
            uint _e260 = c_2;
            uint _e266 = dims.rows;
            dlogits[metal::min(unsigned(start + _e260), (_buffer_sizes.size5 - 0 - 4) / 4)] = (p - target_p) / static_cast<float>(_e266);
        }
    }
    return;
}
