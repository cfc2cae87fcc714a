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
typedef uint type_6[1];

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

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& x_2 [[buffer(1)]]
, device type_5& y [[buffer(2)]]
, device type_6& index [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    uint best_at = {};
    float best = {};
    uint iy = {};
    uint ix = {};
    bool local = {};
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
    uint _e42 = dims.stride_h;
    uint _e45 = dims.kh;
    uint _e48 = dims.padding_h;
    uint _e51 = dims.h;
    metal::uint2 _e52 = window(_e22 - (_e26 * _e37), _e42, _e45, _e48, _e51);
    uint _e55 = dims.ow;
    uint _e60 = dims.stride_w;
    uint _e63 = dims.kw;
    uint _e66 = dims.padding_w;
    uint _e69 = dims.w;
    metal::uint2 _e70 = window(at_1 - (_e22 * _e55), _e60, _e63, _e66, _e69);
    uint _e74 = dims.w;
    best_at = (_e52.x * _e74) + _e70.x;
    uint _e80 = best_at;
    float _e83 = x_2[metal::min(unsigned(plane + _e80), (_buffer_sizes.size1 - 0 - 4) / 4)];
    best = _e83;
    iy = _e52.x;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e117 = iy;
            iy = _e117 + 1u;
        }
        loop_init = false;
        uint _e87 = iy;
        if (_e87 < _e52.y) {
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
                    uint _e114 = ix;
                    ix = _e114 + 1u;
                }
                loop_init_1 = false;
                uint _e92 = ix;
                if (_e92 < _e70.y) {
                } else {
                    break;
                }
                {
                    uint _e95 = iy;
                    uint _e98 = dims.w;
                    uint _e100 = ix;
                    uint i_1 = (_e95 * _e98) + _e100;
                    float v = x_2[metal::min(unsigned(plane + i_1), (_buffer_sizes.size1 - 0 - 4) / 4)];
                    float _e106 = best;
                    if (!((v > _e106))) {
                        bool _e111 = is_nan(v);
                        local = _e111;
                    } else {
                        local = true;
                    }
                    bool _e113 = local;
                    if (_e113) {
                        best = v;
                        best_at = i_1;
                    }
                }
            }
        }
    }
    float _e122 = best;
    y[metal::min(unsigned(at_1), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e122;
    uint _e125 = best_at;
    index[metal::min(unsigned(at_1), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e125;
    return;
}
