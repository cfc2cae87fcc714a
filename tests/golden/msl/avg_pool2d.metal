// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
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
    uint oy,
    uint ox,
    constant Dims& dims
) {
    uint _e4 = dims.count_include_pad;
    if (_e4 != 0u) {
        uint _e9 = dims.stride_h;
        uint _e13 = dims.kh;
        uint _e17 = dims.h;
        uint _e21 = dims.padding_h;
        uint _e27 = dims.stride_h;
        uint rows = metal::min((oy * _e9) + _e13, _e17 + (2u * _e21)) - (oy * _e27);
        uint _e32 = dims.stride_w;
        uint _e36 = dims.kw;
        uint _e40 = dims.w;
        uint _e44 = dims.padding_w;
        uint _e50 = dims.stride_w;
        uint cols = metal::min((ox * _e32) + _e36, _e40 + (2u * _e44)) - (ox * _e50);
        return static_cast<float>(rows * cols);
    }
    uint _e57 = dims.stride_h;
    uint _e60 = dims.kh;
    uint _e63 = dims.padding_h;
    uint _e66 = dims.h;
    metal::uint2 _e67 = window(oy, _e57, _e60, _e63, _e66);
    uint _e70 = dims.stride_w;
    uint _e73 = dims.kw;
    uint _e76 = dims.padding_w;
    uint _e79 = dims.w;
    metal::uint2 _e80 = window(ox, _e70, _e73, _e76, _e79);
    return static_cast<float>((_e67.y - _e67.x) * (_e80.y - _e80.x));
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& x_2 [[buffer(1)]]
, device type_5& y [[buffer(2)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(3)]]
) {
    float sum = 0.0;
    uint iy = {};
    uint ix = {};
    uint _e3 = group_index(group, groups);
    uint at_1 = (_e3 * 64u) + lane;
    uint _e9 = dims.planes;
    uint _e12 = dims.oh;
    uint _e16 = dims.ow;
    if (at_1 >= ((_e9 * _e12) * _e16)) {
        return;
    }
    uint _e21 = dims.ow;
    uint _e22 = divide(at_1, _e21);
    uint _e25 = dims.oh;
    uint _e26 = divide(_e22, _e25);
    uint _e29 = dims.h;
    uint _e33 = dims.w;
    uint plane = (_e26 * _e29) * _e33;
    uint _e37 = dims.oh;
    uint oy_1 = _e22 - (_e26 * _e37);
    uint _e42 = dims.ow;
    uint ox_1 = at_1 - (_e22 * _e42);
    uint _e47 = dims.stride_h;
    uint _e50 = dims.kh;
    uint _e53 = dims.padding_h;
    uint _e56 = dims.h;
    metal::uint2 _e57 = window(oy_1, _e47, _e50, _e53, _e56);
    uint _e60 = dims.stride_w;
    uint _e63 = dims.kw;
    uint _e66 = dims.padding_w;
    uint _e69 = dims.w;
    metal::uint2 _e70 = window(ox_1, _e60, _e63, _e66, _e69);
    iy = _e57.x;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e99 = iy;
            iy = _e99 + 1u;
        }
        loop_init = false;
        uint _e75 = iy;
        if (_e75 < _e57.y) {
        } else {
            break;
        }
        {
            ix = _e70.x;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e96 = ix;
                    ix = _e96 + 1u;
                }
                loop_init_1 = false;
                uint _e80 = ix;
                if (_e80 < _e70.y) {
                } else {
                    break;
                }
                {
                    float _e83 = sum;
                    uint _e85 = iy;
                    uint _e88 = dims.w;
                    uint _e91 = ix;
                    float _e94 = x_2[metal::min(unsigned((plane + (_e85 * _e88)) + _e91), (_buffer_sizes.size1 - 0 - 4) / 4)];
                    sum = _e83 + _e94;
                }
            }
        }
    }
    float _e104 = sum;
    float _e105 = divisor(oy_1, ox_1, dims);
    y[metal::min(unsigned(at_1), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e104 / _e105;
    return;
}
