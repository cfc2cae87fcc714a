// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
};

struct Dims {
    uint n;
    uint function;
    float alpha;
};
typedef float type_4[1];
constant uint LEAKY_RELU = 0u;
constant uint ELU = 1u;
constant uint TANH = 2u;
constant uint SIGMOID = 3u;
constant uint SILU = 4u;
constant uint GELU = 5u;
constant uint GELU_TANH = 6u;

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

float exp_minus_one(
    float x_2
) {
    float near_1 = x_2 * (1.0 + (x_2 * (0.5 + (x_2 * (0.16666667 + (x_2 * (0.041666668 + (x_2 * (0.008333334 + (x_2 * 0.0013888889))))))))));
    return (x_2 > -0.4) ? near_1 : (metal::exp(metal::max(x_2, -80.0)) - 1.0);
}

float logistic(
    float x_3
) {
    float e = metal::exp(-(metal::min(metal::abs(x_3), 88.0)));
    return ((x_3 >= 0.0) ? 1.0 : e) / (1.0 + e);
}

float hyperbolic_tangent(
    float x_4
) {
    float s = x_4 * x_4;
    float near_2 = ((((((((((-0.0057049887 * s) + 0.020639088) * s) - 0.053739715) * s) + 0.13331442) * s) - 0.3333328) * s) * x_4) + x_4;
    float far = 1.0 - (2.0 / (metal::exp(2.0 * metal::min(metal::abs(x_4), 15.0)) + 1.0));
    return (metal::abs(x_4) < 0.625) ? near_2 : ((x_4 < 0.0) ? -(far) : far);
}

float error_function(
    float x_5
) {
    float r = {};
    float t = metal::min(metal::abs(x_5), 4.0);
    float s_1 = x_5 * x_5;
    r = ((((-0.000017285347 * t) + 0.00038319713) * t) * t) + ((-0.0038839644 * t) + 0.024254622);
    float _e17 = r;
    r = (((((_e17 * t) - 0.10677788) * t) - 0.6348467) * t) - 0.12871751;
    float _e27 = r;
    float far_1 = 1.0 - metal::exp((_e27 * t) - t);
    float near_3 = (((((((((((-0.0005967617 * s_1) + 0.0049911942) * s_1) - 0.026768135) * s_1) + 0.112819925) * s_1) - 0.37612534) * s_1) + 0.12837917) * x_5) + x_5;
    return (metal::abs(x_5) <= 0.9277344) ? near_3 : ((x_5 < 0.0) ? -(far_1) : far_1);
}

float gelu_argument(
    float x_6
) {
    float c = metal::clamp(x_6, -15.0, 15.0);
    return 0.7978846 * (c + (((0.044715 * c) * c) * c));
}

float activate(
    float x_7,
    constant Dims& dims
) {
    bool _e1 = is_nan(x_7);
    if (_e1) {
        return x_7;
    }
    uint _e4 = dims.function;
    switch(_e4) {
        case 0u: {
            float _e7 = dims.alpha;
            return (x_7 < 0.0) ? (_e7 * x_7) : x_7;
        }
        case 1u: {
            float _e14 = dims.alpha;
            float _e15 = exp_minus_one(x_7);
            return (x_7 < 0.0) ? (_e14 * _e15) : x_7;
        }
        case 2u: {
            float _e20 = hyperbolic_tangent(x_7);
            return _e20;
        }
        case 3u: {
            float _e21 = logistic(x_7);
            return _e21;
        }
        case 4u: {
            float _e22 = logistic(x_7);
            return x_7 * _e22;
        }
        case 5u: {
            float _e26 = error_function(0.70710677 * x_7);
            return x_7 * (0.5 + (0.5 * _e26));
        }
        default: {
            float _e32 = gelu_argument(x_7);
            float _e33 = hyperbolic_tangent(_e32);
            return x_7 * (0.5 + (0.5 * _e33));
        }
    }
}

bool positive(
    float x_8
) {
    return (as_type<uint>(x_8) - 1u) < 2139095040u;
}

float slope(
    float x_9,
    constant Dims& dims
) {
    bool local = {};
    bool _e1 = is_nan(x_9);
    if (_e1) {
        uint _e6 = dims.function;
        local = _e6 != LEAKY_RELU;
    } else {
        local = false;
    }
    bool _e10 = local;
    if (_e10) {
        return x_9;
    }
    uint _e13 = dims.function;
    switch(_e13) {
        case 0u: {
            float _e16 = dims.alpha;
            bool _e17 = positive(x_9);
            return _e17 ? 1.0 : _e16;
        }
        case 1u: {
            float _e22 = dims.alpha;
            bool _e27 = positive(x_9);
            return _e27 ? 1.0 : (_e22 * metal::exp(metal::max(x_9, -88.0)));
        }
        case 2u: {
            float e_1 = metal::exp(-2.0 * metal::min(metal::abs(x_9), 44.0));
            return (4.0 * e_1) / ((1.0 + e_1) * (1.0 + e_1));
        }
        case 3u: {
            float _e44 = logistic(x_9);
            float _e46 = logistic(-(x_9));
            return _e44 * _e46;
        }
        case 4u: {
            float _e48 = logistic(x_9);
            float _e50 = logistic(-(x_9));
            return _e48 * (1.0 + (x_9 * _e50));
        }
        case 5u: {
            float c_1 = metal::clamp(x_9, -13.0, 13.0);
            float _e60 = error_function(0.70710677 * x_9);
            return (0.5 + (0.5 * _e60)) + ((c_1 * 0.3989423) * metal::exp((-0.5 * c_1) * c_1));
        }
        default: {
            float c_2 = metal::clamp(x_9, -15.0, 15.0);
            float _e76 = gelu_argument(x_9);
            float _e77 = hyperbolic_tangent(_e76);
            return (0.5 + (0.5 * _e77)) + ((((0.5 * c_2) * (1.0 - (_e77 * _e77))) * 0.7978846) * (1.0 + ((0.134145 * c_2) * c_2)));
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
, device type_4 const& x_10 [[buffer(1)]]
, device type_4& y [[buffer(2)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(3)]]
) {
    uint _e3 = group_index(group, groups);
    uint i = (_e3 * 64u) + lane;
    uint _e9 = dims.n;
    if (i >= _e9) {
        return;
    }
    float _e15 = x_10[metal::min(unsigned(i), (_buffer_sizes.size1 - 0 - 4) / 4)];
    float _e16 = activate(_e15, dims);
    y[metal::min(unsigned(i), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e16;
    return;
}
