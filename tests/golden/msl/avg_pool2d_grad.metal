// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
    uint size3;
};

struct Dims {
    uint planes;
    uint h;
    uint w;
    uint oh;
    uint ow;
    uint kh;
    uint kw;
    uint stride_h;
    uint stride_w;
    uint padding_h;
    uint padding_w;
    uint count_include_pad;
    uint mask;
};
typedef float type_5[1];
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

metal::uint2 window(
    uint o,
    uint stride,
    uint k,
    uint padding,
    uint size
) {
    uint start = o * stride;
    return metal::uint2(metal::max(start, padding) - padding, metal::min(metal::max(start + k, padding) - padding, size));
}

metal::uint2 covering(
    uint i,
    uint stride_1,
    uint k_1,
    uint padding_1,
    uint outputs
) {
    uint at = i + padding_1;
    uint _e14 = divide(((at - metal::min(at, k_1 - 1u)) + stride_1) - 1u, stride_1);
    uint first = (at >= k_1) ? _e14 : 0u;
    uint _e17 = divide(at, stride_1);
    return metal::uint2(first, metal::min(_e17 + 1u, outputs));
}

float divisor(
    uint oy_1,
    uint ox_1,
    constant Dims& dims
) {
    uint _e4 = dims.count_include_pad;
    if (_e4 != 0u) {
        uint _e9 = dims.stride_h;
        uint _e13 = dims.kh;
        uint _e17 = dims.h;
        uint _e21 = dims.padding_h;
        uint _e27 = dims.stride_h;
        uint rows = metal::min((oy_1 * _e9) + _e13, _e17 + (2u * _e21)) - (oy_1 * _e27);
        uint _e32 = dims.stride_w;
        uint _e36 = dims.kw;
        uint _e40 = dims.w;
        uint _e44 = dims.padding_w;
        uint _e50 = dims.stride_w;
        uint cols = metal::min((ox_1 * _e32) + _e36, _e40 + (2u * _e44)) - (ox_1 * _e50);
        return static_cast<float>(rows * cols);
    }
    uint _e57 = dims.stride_h;
    uint _e60 = dims.kh;
    uint _e63 = dims.padding_h;
    uint _e66 = dims.h;
    metal::uint2 _e67 = window(oy_1, _e57, _e60, _e63, _e66);
    uint _e70 = dims.stride_w;
    uint _e73 = dims.kw;
    uint _e76 = dims.padding_w;
    uint _e79 = dims.w;
    metal::uint2 _e80 = window(ox_1, _e70, _e73, _e76, _e79);
    return static_cast<float>((_e67.y - _e67.x) * (_e80.y - _e80.x));
}

float relu(
    float x_2
) {
    bool local = {};
    uint bits = as_type<uint>(x_2);
    if (bits > 2147483648u) {
        local = bits <= 4286578688u;
    } else {
        local = false;
    }
    bool _e9 = local;
    return _e9 ? 0.0 : x_2;
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
, device type_5 const& dy_1 [[buffer(1)]]
, device type_5 const& y_1 [[buffer(2)]]
, device type_5& dx [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    float sum = 0.0;
    uint oy = {};
    uint ox = {};
    uint _e3 = group_index(group, groups);
    uint at_1 = (_e3 * 64u) + lane;
    uint _e9 = dims.h;
    uint _e12 = dims.w;
    uint plane_size = _e9 * _e12;
    uint _e16 = dims.planes;
    if (at_1 >= (_e16 * plane_size)) {
        return;
    }
    uint _e19 = divide(at_1, plane_size);
    uint _e22 = dims.oh;
    uint _e26 = dims.ow;
    uint plane = (_e19 * _e22) * _e26;
    uint me = at_1 - (_e19 * plane_size);
    uint _e32 = dims.w;
    uint _e33 = divide(me, _e32);
    uint _e36 = dims.stride_h;
    uint _e39 = dims.kh;
    uint _e42 = dims.padding_h;
    uint _e45 = dims.oh;
    metal::uint2 _e46 = covering(_e33, _e36, _e39, _e42, _e45);
    uint _e49 = dims.w;
    uint _e54 = dims.stride_w;
    uint _e57 = dims.kw;
    uint _e60 = dims.padding_w;
    uint _e63 = dims.ow;
    metal::uint2 _e64 = covering(me - (_e33 * _e49), _e54, _e57, _e60, _e63);
    oy = _e46.x;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e97 = oy;
            oy = _e97 + 1u;
        }
        loop_init = false;
        uint _e69 = oy;
        if (_e69 < _e46.y) {
        } else {
            break;
        }
        {
            ox = _e64.x;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e94 = ox;
                    ox = _e94 + 1u;
                }
                loop_init_1 = false;
                uint _e74 = ox;
                if (_e74 < _e64.y) {
                } else {
                    break;
                }
                {
                    float _e77 = sum;
                    uint _e79 = oy;
                    uint _e82 = dims.ow;
                    uint _e85 = ox;
                    float _e88 = dy_1[metal::min(unsigned((plane + (_e79 * _e82)) + _e85), (_buffer_sizes.size1 - 0 - 4) / 4)];
                    uint _e89 = oy;
                    uint _e90 = ox;
                    float _e91 = divisor(_e89, _e90, dims);
                    sum = _e77 + (_e88 / _e91);
                }
            }
        }
    }
    uint _e102 = dims.mask;
    if (_e102 != 0u) {
        float _e107 = y_1[metal::min(unsigned(at_1), (_buffer_sizes.size2 - 0 - 4) / 4)];
        float _e108 = sum;
        float _e109 = masked(_e107, _e108);
        sum = _e109;
    }
    float _e112 = sum;
    dx[metal::min(unsigned(at_1), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e112;
    return;
}
