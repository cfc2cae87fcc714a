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
    uint function;
    uint one_hot;
    float delta;
};
typedef uint type_5[1];
typedef float type_6[1];
constant uint LOG_WORDS = 5u;
constant uint SQUARE = 0u;
constant uint ABSOLUTE = 1u;
constant uint HUBER = 2u;

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

metal::float2 loss(
    float x_2,
    float y_1,
    constant Dims& dims
) {
    float error = x_2 - y_1;
    uint _e5 = dims.function;
    switch(_e5) {
        case 0u: {
            return metal::float2(error * error, 2.0 * error);
        }
        case 1u: {
            return metal::float2(metal::abs(error), metal::sign(error));
        }
        case 2u: {
            float _e15 = dims.delta;
            float _e19 = dims.delta;
            float _e26 = dims.delta;
            metal::float2 far = metal::float2(_e15 * (metal::abs(error) - (0.5 * _e19)), _e26 * metal::sign(error));
            metal::float2 near_1 = metal::float2((0.5 * error) * error, error);
            float _e37 = dims.delta;
            return (metal::abs(error) <= _e37) ? near_1 : far;
        }
        default: {
            float e = metal::exp(-(metal::abs(x_2)));
            float p = ((x_2 >= 0.0) ? 1.0 : e) / (1.0 + e);
            return metal::float2((metal::max(x_2, 0.0) - (x_2 * y_1)) + metal::log(1.0 + e), p - y_1);
        }
    }
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
, device type_6 const& x_3 [[buffer(3)]]
, device type_6& row [[buffer(4)]]
, device type_6& dx [[buffer(5)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    uint hit = 0u;
    bool local = {};
    bool right = {};
    float sum = 0.0;
    uint c = 0u;
    float y = {};
    bool local_1 = {};
    bool local_2 = {};
    bool local_3 = {};
    bool local_4 = {};
    bool local_5 = {};
    uint _e3 = group_index(group, groups);
    uint r = (_e3 * 64u) + lane;
    uint _e9 = dims.rows;
    if (r >= _e9) {
        return;
    }
    uint _e13 = dims.cols;
    uint start = r * _e13;
    uint _e19 = dims.one_hot;
    if (_e19 != 0u) {
        uint _e25 = hyper.cursor;
        uint _e28 = goal[metal::min(unsigned(_e25 + r), (_buffer_sizes.size2 - 0 - 4) / 4)];
        hit = _e28;
    }
    uint _e30 = hit;
    float x_hit = x_3[metal::min(unsigned(start + _e30), (_buffer_sizes.size3 - 0 - 4) / 4)];
    uint _e36 = dims.one_hot;
    if (_e36 != 0u) {
        bool _e41 = is_nan(x_hit);
        local = !(_e41);
    } else {
        local = false;
    }
    bool _e44 = local;
    right = _e44;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e144 = c;
            c = _e144 + 1u;
        }
        loop_init = false;
        uint _e50 = c;
        uint _e53 = dims.cols;
        if (_e50 < _e53) {
        } else {
            break;
        }
        {
            uint _e56 = c;
            float v = x_3[metal::min(unsigned(start + _e56), (_buffer_sizes.size3 - 0 - 4) / 4)];
            uint _e60 = c;
            uint _e61 = hit;
            y = (_e60 == _e61) ? 1.0 : 0.0;
            uint _e69 = dims.one_hot;
            if (_e69 == 0u) {
                uint _e75 = hyper.cursor;
                uint _e78 = dims.cols;
                uint _e81 = c;
                uint _e84 = goal[metal::min(unsigned(((_e75 * _e78) + start) + _e81), (_buffer_sizes.size2 - 0 - 4) / 4)];
                y = as_type<float>(_e84);
            }
            float _e86 = y;
            metal::float2 _e87 = loss(v, _e86, dims);
            bool _e88 = is_nan(v);
            float lost = _e88 ? v : 0.0;
            float _e91 = sum;
            sum = _e91 + (_e87.x + lost);
            uint _e96 = c;
            uint _e103 = dims.rows;
            uint _e106 = dims.cols;
            dx[metal::min(unsigned(start + _e96), (_buffer_sizes.size5 - 0 - 4) / 4)] = (_e87.y + lost) / static_cast<float>(_e103 * _e106);
            bool _e110 = right;
            if (_e110) {
                uint _e113 = c;
                uint _e114 = hit;
                if (!((_e113 == _e114))) {
                    uint _e119 = c;
                    uint _e120 = hit;
                    if (_e119 < _e120) {
                        local_3 = v < x_hit;
                    } else {
                        local_3 = false;
                    }
                    bool _e126 = local_3;
                    local_2 = _e126;
                } else {
                    local_2 = true;
                }
                bool _e128 = local_2;
                if (!(_e128)) {
                    uint _e132 = c;
                    uint _e133 = hit;
                    if (_e132 > _e133) {
                        local_5 = v <= x_hit;
                    } else {
                        local_5 = false;
                    }
                    bool _e139 = local_5;
                    local_4 = _e139;
                } else {
                    local_4 = true;
                }
                bool _e141 = local_4;
                local_1 = _e141;
            } else {
                local_1 = false;
            }
            bool _e143 = local_1;
            right = _e143;
        }
    }
    float _e151 = sum;
    uint _e154 = dims.cols;
    row[metal::min(unsigned(2u * r), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e151 / static_cast<float>(_e154);
    bool _e163 = right;
    row[metal::min(unsigned((2u * r) + 1u), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e163 ? 1.0 : 0.0;
    return;
}
